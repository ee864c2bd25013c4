// The one place that imports the wasm core. Everything else sees the PhoneModule interface.

import init, { Phone } from './generated/menpai_core';
import type { Phone as PhoneShape, PhoneModule } from './phone';

export async function loadCore(): Promise<PhoneModule> {
  await init();
  return {
    open: (rows) => Phone.open(rows) as unknown as PhoneShape,
    kinds: () => Phone.kinds(),
  };
}
