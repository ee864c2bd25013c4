// P-256 signatures, raw r ‖ s, by WebCrypto: the core says what is to be signed or verified and
// does neither itself.

export const CURVE = { name: 'ECDSA', namedCurve: 'P-256' };
const HASHED = { name: 'ECDSA', hash: 'SHA-256' };

/** What the core wants to know before it believes an answer. */
export interface ToVerify {
  /** uncompressed point, 65 bytes */
  public_key(): Uint8Array;
  message(): Uint8Array;
  /** 64 bytes */
  signature(): Uint8Array;
  free(): void;
}

export async function sign(key: CryptoKey, message: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.sign(HASHED, key, bytes(message)));
}

/** False also for bytes that are no key: nothing was ever signed with those. */
export async function fits(toVerify: ToVerify): Promise<boolean> {
  const publicKey = bytes(toVerify.public_key());
  const key = await crypto.subtle.importKey('raw', publicKey, CURVE, false, ['verify']).catch(() => null);
  return key !== null && verify(key, toVerify.signature(), toVerify.message());
}

export function verify(key: CryptoKey, signature: Uint8Array, message: Uint8Array): Promise<boolean> {
  return crypto.subtle.verify(HASHED, key, bytes(signature), bytes(message));
}

/** WebCrypto's types want a plain ArrayBuffer behind the view; ours always has one. */
function bytes(view: Uint8Array): Uint8Array<ArrayBuffer> {
  return view as Uint8Array<ArrayBuffer>;
}
