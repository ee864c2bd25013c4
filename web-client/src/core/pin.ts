// Six digits that open this phone: which are too easy to guess, and the key that they give together with a secret
// that the browser does not hand out. Argon2id makes every guess slow; it does not make six digits many.

const DIGITS = /^\d{6}$/;
/** So much memory a guess takes: what a phone of 2 GB has to spare. */
const MEMORY_KIB = 32 * 1_024;
const PASSES = 3;

/** Null: it may be chosen. */
export function weakness(pin: string): 'digits' | 'repeats' | 'runs' | null {
  if (!DIGITS.test(pin)) return 'digits';
  // 000000, 121212, 123123, 112233.
  if (/^(\d)\1{5}$|^(\d\d)\2\2$|^(\d{3})\3$|^(\d)\4(\d)\5(\d)\6$/.test(pin)) return 'repeats';
  const steps = [...pin].slice(1).map((digit, index) => (Number(digit) - Number(pin[index]) + 10) % 10);
  return steps.every((step) => step === 1) || steps.every((step) => step === 9) ? 'runs' : null;
}

/** What a phone mixes into it, so that the digits alone open nothing elsewhere. */
export interface Salted {
  salt: Uint8Array<ArrayBuffer>;
  /** HMAC, not extractable */
  secret: CryptoKey;
}

export async function newSalted(): Promise<Salted> {
  const secret = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return { salt: crypto.getRandomValues(new Uint8Array(16)), secret };
}

export async function keyOf(pin: string, { salt, secret }: Salted): Promise<CryptoKey> {
  // Only who types a PIN needs it.
  const { argon2id } = await import('hash-wasm');
  const slow = await argon2id({
    password: pin, salt, parallelism: 1, iterations: PASSES, memorySize: MEMORY_KIB, hashLength: 32, outputType: 'binary',
  });
  const own = new Uint8Array(await crypto.subtle.sign('HMAC', secret, salt));
  const both = new Uint8Array(slow.length + own.length);
  both.set(slow);
  both.set(own, slow.length);
  return derived(both, 'menpai-pin-1');
}

/** A key to wrap with, from what only one of both sides has. */
export async function derived(from: Uint8Array<ArrayBuffer>, info: string): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey('raw', from, 'HKDF', false, ['deriveKey']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: new TextEncoder().encode(info) };
  return crypto.subtle.deriveKey(how, base, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}
