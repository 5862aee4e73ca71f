import type { Identity } from './identity.ts';

/** A key pair and whose it is. */
export interface Credential {
  readonly accessKey: string;
  readonly secretKey: string;
  /** Of temporary credentials: comes with every request. */
  readonly sessionToken?: string | undefined;
  readonly identity: Identity;
}

/** @throws {S3Error} for a key that is known but may not be used */
export type FindCredential = (accessKey: string) => Credential | undefined;
