// Once more: it is you. Whoever needs it waits for one answer; two that ask at the same time wait for
// the same one.

import { shallowRef } from 'vue';
import { onProofNeeded } from '../server/ask';

const asking = shallowRef<{ given(proved: boolean): void } | null>(null);
let waiting: Promise<boolean> | null = null;

function ask(): Promise<boolean> {
  waiting ??= new Promise((resolve) => {
    asking.value = {
      given(proved) {
        asking.value = null;
        waiting = null;
        resolve(proved);
      },
    };
  });
  return waiting;
}

onProofNeeded(ask);

export function useProof() {
  return { asking };
}
