// Passkeys in this browser: what the server asks is put into the browser's own form, and back. By hand,
// because browsers of before 2025 cannot do it themselves. A person who turns away is an answer.

export interface Ceremony {
  ceremony: string;
  options: { publicKey: Record<string, unknown> };
}

export type Passkey = { kind: 'done'; credential: unknown } | { kind: 'turned_away' } | { kind: 'known' };

/** Browsers have passkeys only for a name, over TLS or on this computer itself. */
export function passkeysHere(): boolean {
  const address = /^(\d+\.\d+\.\d+\.\d+|\[.*\])$/.test(location.hostname);
  return isSecureContext && !address && typeof PublicKeyCredential === 'function';
}

export async function makePasskey({ options }: Ceremony): Promise<Passkey> {
  const asked = options.publicKey as { challenge: string; user: { id: string }; excludeCredentials?: { id: string }[] };
  const publicKey = {
    ...asked,
    challenge: bytes(asked.challenge),
    user: { ...asked.user, id: bytes(asked.user.id) },
    excludeCredentials: asked.excludeCredentials?.map((one) => ({ ...one, id: bytes(one.id) })) ?? [],
  } as unknown as PublicKeyCredentialCreationOptions;
  return taken(() => navigator.credentials.create({ publicKey }));
}

export async function showPasskey({ options }: Ceremony): Promise<Passkey> {
  const asked = options.publicKey as { challenge: string };
  const publicKey = { ...asked, challenge: bytes(asked.challenge), allowCredentials: [] } as unknown as PublicKeyCredentialRequestOptions;
  return taken(() => navigator.credentials.get({ publicKey }));
}

async function taken(ask: () => Promise<Credential | null>): Promise<Passkey> {
  try {
    const credential = (await ask()) as PublicKeyCredential | null;
    return credential ? { kind: 'done', credential: asJson(credential) } : { kind: 'turned_away' };
  } catch (error) {
    // The browser tells nobody why, but for one case: this authenticator has one for the account.
    return { kind: error instanceof DOMException && error.name === 'InvalidStateError' ? 'known' : 'turned_away' };
  }
}

function asJson({ id, rawId, type, response }: PublicKeyCredential): unknown {
  const said: Record<string, unknown> = { clientDataJSON: text(response.clientDataJSON) };
  if (response instanceof AuthenticatorAttestationResponse) {
    said.attestationObject = text(response.attestationObject);
  } else if (response instanceof AuthenticatorAssertionResponse) {
    said.authenticatorData = text(response.authenticatorData);
    said.signature = text(response.signature);
    said.userHandle = response.userHandle ? text(response.userHandle) : null;
  }
  return { id, type, rawId: text(rawId), response: said, extensions: {} };
}

export function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  const letters = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
}

export function text(buffer: ArrayBuffer): string {
  const letters = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(letters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
