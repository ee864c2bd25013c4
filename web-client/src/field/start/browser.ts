// Whether this browser can keep records at all. Inside chat apps storage is not ours to trust.

export type Unfit = 'in_app' | 'old' | 'insecure';

export function unfit(): Unfit | null {
  if (/MicroMessenger|wxwork|DingTalk/i.test(navigator.userAgent)) return 'in_app';
  if (!window.isSecureContext) return 'insecure';
  const able =
    'indexedDB' in window &&
    'locks' in navigator &&
    'Worker' in window &&
    'WebAssembly' in window &&
    'randomUUID' in crypto &&
    typeof HTMLDialogElement === 'function';
  return able ? null : 'old';
}
