/** Accounts, users and their keys. */
import { createHash } from 'node:crypto';
import type { Credential } from './credential.ts';
import type { Account } from './identity.ts';

/** The one that the root user administers; its ids are those that MinIO tells. */
export const homeAccount: Account = {
  id: '000000000000',
  name: 'minio',
  canonicalId: '02d6176db174dc93cb1b899f7c6078f08654445fe8cf1b6ce98d8855f66bdbf4',
  email: undefined,
};

export class Iam {
  readonly #credentials = new Map<string, Credential>();
  readonly #accounts: Account[] = [homeAccount];

  constructor(root: { readonly accessKey: string; readonly secretKey: string }) {
    this.#credentials.set(root.accessKey, { ...root, identity: { kind: 'root', account: homeAccount } });
  }

  find(accessKey: string): Credential | undefined {
    return this.#credentials.get(accessKey);
  }

  /** Makes another account, with its administrator's keys. */
  addAccount(
    account: Omit<Account, 'canonicalId'>,
    keys: { readonly accessKey: string; readonly secretKey: string },
  ): Account {
    const made = { ...account, canonicalId: createHash('sha256').update(account.id).digest('hex') };
    this.#accounts.push(made);
    this.#credentials.set(keys.accessKey, { ...keys, identity: { kind: 'root', account: made } });
    return made;
  }

  accountByCanonicalId(id: string): Account | undefined {
    return this.#accounts.find(account => account.canonicalId === id);
  }

  accountByEmail(email: string): Account | undefined {
    return this.#accounts.find(account => account.email === email);
  }
}
