// The list of the field app's files as build/service-worker.ts writes it and the service worker
// reads it. Types only.

/** One file of the field app, as it was built. */
export interface PrecachedFile {
  url: string;
  /** subresource-integrity hash of the bytes; a captive portal's page never passes it */
  integrity: string;
  /** the name contains a hash of the content, so the same name always means the same bytes */
  immutable: boolean;
}

/** The built field app: its files, and one version over all of them. */
export interface FileList {
  version: string;
  files: PrecachedFile[];
}
