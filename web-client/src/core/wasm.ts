// The one place that imports the wasm core. Everything else sees the PhoneModule interface.

import init, { Phone } from './generated/menpai_core';
import wasm from './generated/menpai_core_bg.wasm?url';
import type { Phone as PhoneShape, PhoneModule } from './phone';

export async function loadCore(): Promise<PhoneModule> {
  // Streamed and compiled as it arrives; the service worker has it for the next cold start.
  await init({ module_or_path: wasm });
  return {
    open: (rows) => Phone.open(rows) as unknown as PhoneShape,
    kinds: () => Phone.kinds(),
  };
}
