/** Who asks. Plain data. */
import type { Policy } from '../policy/types.ts';

/** A tenant: buckets, users and policies belong to one. */
export interface Account {
  /** Twelve digits, as in ARNs. */
  readonly id: string;
  readonly name: string;
  /** 64 hex digits, as in owners and ACLs. */
  readonly canonicalId: string;
  readonly email: string | undefined;
}

/** The one that the root user administers; its ids are those that MinIO tells. */
export const homeAccount: Account = {
  id: '000000000000',
  name: 'minio',
  canonicalId: '02d6176db174dc93cb1b899f7c6078f08654445fe8cf1b6ce98d8855f66bdbf4',
  email: undefined,
};

/** Somebody whom row security knows, by a token. */
export interface Member {
  readonly role: string;
  /** For `request.jwt.claims`. */
  readonly claimsJson: string;
  readonly subject: string | undefined;
}

export type Identity =
  | { readonly kind: 'anonymous' }
  /** Its account's administrator. */
  | {
      readonly kind: 'root';
      readonly account: Account;
      readonly sessionPolicy?: Policy | undefined;
    }
  /** Nobody here: what the door that it came by lets it do, having asked the database, and nothing else. */
  | {
      readonly kind: 'member';
      /** Whose what it makes is. */
      readonly account: Account;
      readonly member: Member;
      /** Actions of the one operation that is under way. */
      readonly may: ReadonlySet<string>;
      readonly sessionPolicy?: undefined;
    }
  | {
      readonly kind: 'user';
      readonly account: Account;
      readonly name: string;
      readonly arn: string;
      /** For `aws:userid`. */
      readonly id: string;
      /** Everything attached to it, its groups and itself, looked up when it asks. */
      readonly policies: readonly Policy[];
      /** What temporary credentials or a service account are narrowed to. */
      readonly sessionPolicy?: Policy | undefined;
      /** Further names under which policies may call it a principal. */
      readonly alsoArns?: readonly string[];
    };

export const anonymous: Identity = { kind: 'anonymous' };
