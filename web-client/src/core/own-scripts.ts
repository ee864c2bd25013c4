// The only scripts that a page starts by address: the core's worker and the service worker. Where the browser has
// Trusted Types, the server demands that such addresses come through a policy; this one knows these two and no other.

import worker from './worker.ts?worker&url';

const OWN = { worker, serviceWorker: '/sw.js' };

interface Policies {
  createPolicy(name: string, rules: { createScriptURL(address: string): string }): { createScriptURL(address: string): unknown };
}

const policy = (globalThis as { trustedTypes?: Policies }).trustedTypes?.createPolicy('menpai', {
  createScriptURL(address) {
    if (Object.values(OWN).includes(address)) return address;
    throw new TypeError('not a script of this app');
  },
});

/** The address as the browser's sinks take it: they are typed as text. */
export function ownScript(which: keyof typeof OWN): string {
  return (policy?.createScriptURL(OWN[which]) ?? OWN[which]) as string;
}
