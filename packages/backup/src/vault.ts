/** One cluster's part of a store: objects under its system identifier, sealed. Two clusters never meet in one place. */
import { BackupError } from './errors.ts';
import { isSegmentSize } from './lsn.ts';
import type { Keyring } from './seal/keys.ts';
import { seal, unseal } from './seal/sealed.ts';
import { isKey, type Store } from './store/store.ts';

/** What every object of a cluster depends on; kept beside them in plain text, and never changed. */
export interface ClusterFacts {
  readonly systemIdentifier: string;
  readonly segmentBytes: number;
  /** Major version of PostgreSQL. */
  readonly major: number;
}

export interface Vault extends ClusterFacts {
  readonly place: string;
  /** @returns false where `ifAbsent` left what was there */
  write(name: string, bytes: Uint8Array, options?: WriteOptions): Promise<boolean>;
  /** Undefined when there is none. @throws {BackupError} STORE, CORRUPT, KEY */
  read(name: string, maxBytes?: number): Promise<Buffer | undefined>;
  /** By name. `bytes` as they lie in the store. */
  list(prefix: string): Promise<{ readonly name: string; readonly bytes: number }[]>;
  delete(names: readonly string[]): Promise<void>;
}

export interface WriteOptions {
  readonly ifAbsent?: boolean;
  /** Default true. */
  readonly compress?: boolean;
}

const format = 1;
const factsName = 'cluster.json';
/** Of objects that are not WAL segments. */
const usualMaxBytes = 256 * 1024 * 1024;

/** Opens the part of the store that belongs to this cluster, and begins it where it is new. @throws {BackupError} STORE, FOREIGN, KEY */
export async function openVault(store: Store, keys: Keyring, facts: ClusterFacts): Promise<Vault> {
  const key = `${facts.systemIdentifier}/${factsName}`;
  const wanted = renderFacts(facts, keys);
  const isNew = await store.put(key, Buffer.from(wanted), { ifAbsent: true });
  if (!isNew) {
    const found = await readFacts(store, key, keys);
    if (found.segmentBytes !== facts.segmentBytes || found.major !== facts.major)
      throw new BackupError(
        'FOREIGN',
        `${store.place} holds backups of this cluster by PostgreSQL ${found.major}; the server is ${facts.major}.`,
        'Name another place for the new version’s backups (BACKUP_STORE).',
      );
  }
  return createVault(store, keys, facts);
}

/** The clusters whose backups a store holds. @throws {BackupError} STORE, KEY, CORRUPT */
export async function findVaults(store: Store, keys: Keyring): Promise<Vault[]> {
  const vaults: Vault[] = [];
  for (const name of await store.folders()) {
    if (!/^\d{1,20}$/.test(name)) continue;
    const key = `${name}/${factsName}`;
    // A cluster's first moment: its folder is there, and nothing in it.
    if ((await store.list(key)).length === 0) continue;
    vaults.push(createVault(store, keys, await readFacts(store, key, keys)));
  }
  return vaults;
}

function createVault(store: Store, keys: Keyring, facts: ClusterFacts): Vault {
  const { systemIdentifier, segmentBytes, major } = facts;
  const keyOf = (name: string): string => `${systemIdentifier}/${name}`;
  return {
    ...{ systemIdentifier, segmentBytes, major },
    place: store.place,
    async write(name, bytes, { ifAbsent = false, compress = true } = {}) {
      const sealed = await seal(bytes, { name: keyOf(name), key: keys.current, compress });
      return await store.put(keyOf(name), sealed, { ifAbsent });
    },
    async read(name, maxBytes = usualMaxBytes) {
      const sealed = await store.get(keyOf(name));
      return sealed && (await unseal(sealed, { name: keyOf(name), keys, maxBytes }));
    },
    async list(prefix) {
      const objects = await store.list(keyOf(prefix));
      return objects
        .filter(({ key }) => isKey(key))
        .map(({ key, bytes }) => ({ name: key.slice(systemIdentifier.length + 1), bytes }));
    },
    delete: names => store.delete(names.map(keyOf)),
  };
}

function renderFacts({ systemIdentifier, segmentBytes, major }: ClusterFacts, keys: Keyring): string {
  const key = keys.current?.id.toString('hex') ?? null;
  return `${JSON.stringify({ format, systemIdentifier, segmentBytes, major, key }, null, 2)}\n`;
}

async function readFacts(store: Store, key: string, keys: Keyring): Promise<ClusterFacts> {
  const text = (await store.get(key))?.toString() ?? '';
  const facts = parseFacts(text);
  if (!facts || !key.startsWith(`${facts.systemIdentifier}/`))
    throw new BackupError(
      'CORRUPT',
      `${key} in ${store.place} is not what a backup wrote there.`,
      'Remove what is not PeakStone’s from there, or name another place (BACKUP_STORE).',
    );
  if (facts.format !== format)
    throw new BackupError(
      'FOREIGN',
      `The backups in ${store.place} have format ${facts.format}, which this version does not know.`,
      'Use the version of PeakStone that made them, or a newer one.',
    );
  assertEncryption(store, facts.key, keys);
  return { systemIdentifier: facts.systemIdentifier, segmentBytes: facts.segmentBytes, major: facts.major };
}

/** All of one place is encrypted, or nothing: what may be plain could be anybody's. */
function assertEncryption(store: Store, keyId: string | null, keys: Keyring): void {
  if (keyId !== null) keys.find(Buffer.from(keyId, 'hex'));
  if ((keyId !== null) === keys.demands) return;
  throw keyId === null
    ? new BackupError(
        'FOREIGN',
        `The backups in ${store.place} are not encrypted, and new ones are to be.`,
        'Name a new place (BACKUP_STORE), or set BACKUP_ENCRYPT=off to go on as before.',
      )
    : new BackupError(
        'FOREIGN',
        `The backups in ${store.place} are encrypted, and BACKUP_ENCRYPT is off.`,
        'Set BACKUP_ENCRYPT=on, or name a new place (BACKUP_STORE).',
      );
}

interface FoundFacts extends ClusterFacts {
  readonly format: number;
  readonly key: string | null;
}

function parseFacts(text: string): FoundFacts | undefined {
  let value: Partial<Record<keyof FoundFacts, unknown>>;
  try {
    value = JSON.parse(text);
  } catch {
    // Told by the caller, who knows which file it is.
    return undefined;
  }
  const { systemIdentifier, segmentBytes, major, key, format: version } = value ?? {};
  if (typeof systemIdentifier !== 'string' || !/^\d{1,20}$/.test(systemIdentifier)) return undefined;
  if (typeof segmentBytes !== 'number' || !isSegmentSize(segmentBytes)) return undefined;
  if (typeof major !== 'number' || typeof version !== 'number') return undefined;
  if (key !== null && (typeof key !== 'string' || !/^[0-9a-f]{16}$/.test(key))) return undefined;
  return { format: version, systemIdentifier, segmentBytes, major, key };
}
