// What the other files of the service worker share: the global by its right type, and the list
// of files that the build put in. Nothing here acts.

import type { FileList } from './file-list';

declare const __FIELD_FILES__: FileList;

export const worker = self as unknown as ServiceWorkerGlobalScope;
export const fieldFiles: FileList = __FIELD_FILES__;
