// A vault whose key nobody keeps, for tests of what is stored. Never part of the app.

import { Vault } from './vault';

export function newVault(): Promise<Vault> {
  return Vault.of(crypto.getRandomValues(new Uint8Array(32)));
}
