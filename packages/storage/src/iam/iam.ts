/**
 * Accounts, users, groups, policies, service accounts and temporary credentials. What a caller may is looked up when it
 * asks, so that a change holds from the next request on.
 */
import { createHash, randomBytes } from 'node:crypto';
import { S3Error } from '../errors/s3Error.ts';
import { parsePolicy } from '../policy/parse.ts';
import type { Policy } from '../policy/types.ts';
import type { Index } from '../store/index/index.ts';
import { builtInPolicies } from './builtIn.ts';
import type { Credential } from './credential.ts';
import { type Account, homeAccount, type Identity } from './identity.ts';
import type {
  GroupRecord,
  PolicyRecord,
  ServiceAccountRecord,
  SessionRecord,
  UserRecord,
} from './records.ts';
import { IamTable } from './table.ts';

export interface RootKeys {
  readonly accessKey: string;
  readonly secretKey: string;
}

const minSecretLength = 8;
const minAccessKeyLength = 3;
const maxNameLength = 128;
/** Expired sessions are let go of when so many are there. */
const maxSessions = 10_000;

export class Iam {
  readonly root: RootKeys;
  readonly users: IamTable<UserRecord>;
  readonly groups: IamTable<GroupRecord>;
  readonly policies: IamTable<PolicyRecord>;
  readonly serviceAccounts: IamTable<ServiceAccountRecord>;
  readonly #sessions: IamTable<SessionRecord>;
  readonly #otherAccounts = new Map<string, { readonly account: Account; readonly keys: RootKeys }>();
  readonly #parsed = new Map<string, Policy>();

  constructor(index: Index, root: RootKeys) {
    this.root = root;
    this.users = new IamTable(index, 'user');
    this.groups = new IamTable(index, 'group');
    this.policies = new IamTable(index, 'policy');
    this.serviceAccounts = new IamTable(index, 'service');
    this.#sessions = new IamTable(index, 'session');
  }

  /** @throws {S3Error} InvalidAccessKeyId for a key that is switched off, ExpiredToken */
  find(accessKey: string, now = Date.now()): Credential | undefined {
    if (accessKey === this.root.accessKey)
      return { ...this.root, identity: { kind: 'root', account: homeAccount } };
    const user = this.users.get(accessKey);
    if (user !== undefined) return { accessKey, secretKey: user.secretKey, identity: this.#identityOf(user) };
    const service = this.serviceAccounts.get(accessKey);
    if (service !== undefined) {
      if (!service.enabled || (service.expires !== undefined && service.expires <= now))
        throw disabled(accessKey);
      return {
        accessKey,
        secretKey: service.secretKey,
        identity: this.#narrowed(service.parent, service.policy),
      };
    }
    const session = this.#sessions.get(accessKey);
    if (session !== undefined) {
      if (session.expires <= now) throw new S3Error('ExpiredToken');
      return {
        accessKey,
        secretKey: session.secretKey,
        sessionToken: session.token,
        identity: this.#narrowed(session.parent, session.policy),
      };
    }
    const other = this.#otherAccounts.get(accessKey);
    return other && { ...other.keys, identity: { kind: 'root', account: other.account } };
  }

  /** Makes another account, with its administrator's keys; it lasts as long as the process. */
  addAccount(account: Omit<Account, 'canonicalId'>, keys: RootKeys): Account {
    const made = { ...account, canonicalId: createHash('sha256').update(account.id).digest('hex') };
    this.#otherAccounts.set(keys.accessKey, { account: made, keys });
    return made;
  }

  accountByCanonicalId(id: string): Account | undefined {
    return this.#accounts().find(account => account.canonicalId === id);
  }

  accountByEmail(email: string): Account | undefined {
    return this.#accounts().find(account => account.email === email);
  }

  /** Makes a user, or gives it another secret; its policies stay. @throws {S3Error} InvalidArgument */
  async setUser(name: string, secretKey: string | undefined, enabled = true): Promise<UserRecord> {
    if (name === this.root.accessKey)
      throw new S3Error('InvalidArgument', 'The root user’s name is no other user’s.');
    if (name.length < minAccessKeyLength || name.length > maxNameLength || /[=,\s/\x00-\x1f]/.test(name))
      throw new S3Error(
        'InvalidArgument',
        'A user’s name has at least 3 characters, none of them a space, comma, slash or =.',
      );
    return await this.users.update(name, row => {
      const secret = secretKey ?? row?.secretKey;
      if (secret === undefined || secret.length < minSecretLength)
        throw new S3Error('InvalidArgument', 'A secret key has at least 8 characters.');
      return { name, secretKey: secret, enabled, policies: row?.policies ?? [], updated: Date.now() };
    });
  }

  /** With it go its service accounts and sessions. */
  async removeUser(name: string): Promise<void> {
    for (const each of this.serviceAccounts.all())
      if (each.parent === name) await this.serviceAccounts.remove(each.accessKey);
    for (const each of this.#sessions.all())
      if (each.parent === name) await this.#sessions.remove(each.accessKey);
    for (const group of this.groups.all()) {
      if (group.members.includes(name))
        await this.groups.update(group.name, row => ({
          ...row!,
          members: row!.members.filter(each => each !== name),
        }));
    }
    await this.users.remove(name);
  }

  /** @throws {S3Error} MalformedPolicy */
  async setPolicy(name: string, text: string): Promise<void> {
    if (name === '' || name.length > maxNameLength)
      throw new S3Error('InvalidArgument', 'A policy’s name has 1 to 128 characters.');
    parsePolicy(text, 'identity');
    await this.policies.update(name, row => ({
      name,
      text,
      created: row?.created ?? Date.now(),
      updated: Date.now(),
    }));
  }

  /** @throws {S3Error} XMinioAdminNoSuchPolicy, XMinioPolicyInUse */
  async removePolicy(name: string): Promise<void> {
    if (this.policies.get(name) === undefined) throw new S3Error('XMinioAdminNoSuchPolicy');
    const isUsed = [...this.users.all(), ...this.groups.all()].some(({ policies }) =>
      policies.includes(name),
    );
    if (isUsed) throw new S3Error('XMinioPolicyInUse');
    await this.policies.remove(name);
  }

  /** The document of a policy, one's own or MinIO's. */
  policyText(name: string): string | undefined {
    return this.policies.get(name)?.text ?? builtInPolicies[name];
  }

  /**
   * Temporary credentials with the caller's rights, or those of `policy` among them.
   * @throws {S3Error} AccessDenied for whom they are not meant
   */
  async assumeRole(
    identity: Identity,
    policy: string | undefined,
    seconds: number,
    now = Date.now(),
  ): Promise<SessionRecord> {
    if (identity.kind !== 'user' || identity.sessionPolicy !== undefined)
      throw new S3Error(
        'AccessDenied',
        'Temporary credentials are for users, not for the root user and not for temporary credentials.',
      );
    if (policy !== undefined) parsePolicy(policy, 'identity');
    if (this.#sessions.size >= maxSessions) await this.#prune(now);
    if (this.#sessions.size >= maxSessions) throw new S3Error('SlowDown');
    const session: SessionRecord = {
      accessKey: randomBytes(10).toString('hex').toUpperCase(),
      secretKey: randomBytes(30).toString('base64url'),
      token: randomBytes(48).toString('base64url'),
      parent: identity.name,
      policy,
      expires: now + seconds * 1000,
    };
    return await this.#sessions.update(session.accessKey, () => session);
  }

  /** What a temporary key is; undefined for one that is over. */
  session(accessKey: string, now = Date.now()): SessionRecord | undefined {
    const row = this.#sessions.get(accessKey);
    return row === undefined || row.expires <= now ? undefined : row;
  }

  sessionsOf(user: string, now = Date.now()): SessionRecord[] {
    return this.#sessions.all().filter(({ parent, expires }) => parent === user && expires > now);
  }

  async revokeSessions(user: string): Promise<void> {
    for (const { accessKey } of this.sessionsOf(user, 0)) await this.#sessions.remove(accessKey);
  }

  async #prune(now: number): Promise<void> {
    const old = this.#sessions.all().filter(({ expires }) => expires <= now);
    await Promise.all(old.map(({ accessKey }) => this.#sessions.remove(accessKey)));
  }

  #accounts(): Account[] {
    return [homeAccount, ...[...this.#otherAccounts.values()].map(({ account }) => account)];
  }

  #identityOf(user: UserRecord): Identity {
    if (!user.enabled) throw disabled(user.name);
    const groups = this.groups.all().filter(({ enabled, members }) => enabled && members.includes(user.name));
    const names = new Set([...user.policies, ...groups.flatMap(({ policies }) => policies)]);
    return {
      kind: 'user',
      account: homeAccount,
      name: user.name,
      arn: `arn:aws:iam::${homeAccount.id}:user/${user.name}`,
      // MinIO's users have no account of their own in policies: `arn:aws:iam:::user/NAME`.
      alsoArns: [`arn:aws:iam:::user/${user.name}`],
      id: user.name,
      policies: [...names].flatMap(name => this.#policy(this.policyText(name))),
    };
  }

  #narrowed(parent: string, policy: string | undefined): Identity {
    const sessionPolicy = this.#policy(policy)[0];
    if (parent === this.root.accessKey) return { kind: 'root', account: homeAccount, sessionPolicy };
    const user = this.users.get(parent);
    if (user === undefined) throw disabled(parent);
    return { ...this.#identityOf(user), sessionPolicy } as Identity;
  }

  /** Parsed once for each text. */
  #policy(text: string | undefined): Policy[] {
    if (text === undefined) return [];
    let policy = this.#parsed.get(text);
    if (policy === undefined) {
      policy = parsePolicy(text, 'identity');
      if (this.#parsed.size > 1000) this.#parsed.clear();
      this.#parsed.set(text, policy);
    }
    return [policy];
  }
}

function disabled(accessKey: string): S3Error {
  return new S3Error('InvalidAccessKeyId', {
    message: 'Your account is disabled; please contact your administrator.',
    elements: { AWSAccessKeyId: accessKey },
  });
}
