/** Users, groups, policies and keys on MinIO's drive: JSON documents, kept like objects. Reads files. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { momentOf } from '../iamExport.ts';
import type { People } from '../source.ts';
import { readBody } from './body.ts';
import { readIfThere } from './walk.ts';
import { readXlMeta } from './xlMeta.ts';

interface Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken?: string;
  readonly status?: string;
  readonly parentUser?: string;
  readonly name?: string;
  readonly expiration?: string;
}

/** A file that is kept as an object's newest version; undefined: there is none. @throws {RangeError} */
export async function readDriveFile(folder: string): Promise<Buffer | undefined> {
  const bytes = await readIfThere(path.join(folder, 'xl.meta'));
  const [newest] = bytes === undefined ? [] : readXlMeta(bytes);
  if (newest === undefined || newest.isMarker) return undefined;
  const pieces: Buffer[] = [];
  for await (const piece of readBody(folder, newest, folder)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** @param system MinIO's own folder. @param onNote told what could not be read */
export async function readDrivePeople(system: string, onNote: (text: string) => void): Promise<People> {
  const iam = path.join(system, 'config', 'iam');
  const names = async (...parts: string[]): Promise<string[]> => {
    try {
      return (await readdir(path.join(iam, ...parts))).sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  };
  const read = async <T>(...parts: string[]): Promise<T | undefined> => {
    const bytes = await readDriveFile(path.join(iam, ...parts));
    if (bytes === undefined) return undefined;
    try {
      return JSON.parse(bytes.toString('utf8')) as T;
    } catch {
      // The only other form is sealed with a key of the server's.
      onNote(`${parts.join('/')} is encrypted and was not brought: migrate from the running server instead.`);
      return undefined;
    }
  };
  const each = async <T>(folder: string, file: string): Promise<[string, T][]> => {
    const found: [string, T][] = [];
    for (const name of await names(folder)) {
      const value = await read<T>(folder, name, file);
      if (value !== undefined) found.push([name, value]);
    }
    return found;
  };
  const policiesOf = async (kind: 'users' | 'groups', name: string): Promise<string[]> => {
    const mapping = await read<{ policy?: string }>('policydb', kind, `${name}.json`);
    return (mapping?.policy ?? '').split(',').filter(policy => policy !== '');
  };
  const isOn = (status: string | undefined): boolean => status !== 'off' && status !== 'disabled';
  const users = await each<{ credentials: Credentials }>('users', 'identity.json');
  const groups = await each<{ status?: string; members?: string[] }>('groups', 'members.json');
  const keys = await each<{ credentials: Credentials }>('service-accounts', 'identity.json');
  const known = new Set(users.map(([name]) => name));
  return {
    policies: (await each<{ Policy: unknown }>('policies', 'policy.json')).map(([name, { Policy }]) => ({
      name,
      document: JSON.stringify(Policy),
    })),
    users: await Promise.all(
      users.map(async ([name, { credentials }]) => ({
        name,
        secretKey: credentials.secretKey,
        enabled: isOn(credentials.status),
        policies: await policiesOf('users', name),
      })),
    ),
    groups: await Promise.all(
      groups.map(async ([name, { status, members }]) => ({
        name,
        enabled: isOn(status),
        members: members ?? [],
        policies: await policiesOf('groups', name),
      })),
    ),
    keys: keys.map(([accessKey, { credentials }]) => ({
      accessKey,
      secretKey: credentials.secretKey,
      // Whoever is no user is the administrator.
      user: known.has(credentials.parentUser ?? '') ? credentials.parentUser : undefined,
      enabled: isOn(credentials.status),
      policy: policyIn(credentials.sessionToken),
      name: credentials.name || undefined,
      expires: momentOf(credentials.expiration),
    })),
  };
}

/** What a key is narrowed to stands in the token that goes with it. */
function policyIn(token: string | undefined): string | undefined {
  const claims = token?.split('.')[1];
  if (claims === undefined) return undefined;
  const { sessionPolicy } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as {
    sessionPolicy?: string;
  };
  return sessionPolicy === undefined ? undefined : Buffer.from(sessionPolicy, 'base64').toString('utf8');
}
