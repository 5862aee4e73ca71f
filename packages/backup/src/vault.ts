/** One cluster's part of a store: objects under its system identifier, sealed. Two clusters never meet in one place. */
import { BackupError } from './errors.ts';
import { isSegmentSize } from './lsn.ts';
import { type Keyring, noKeyId } from './seal/keys.ts';
import { keyIdOf, seal, unseal } from './seal/sealed.ts';
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
  /** Whether it is sealed as new objects are; true where it is not there. */
  isCurrent(name: string): Promise<boolean>;
  /** For whoever removes from it. @param assertHeld throws where it is not, or no longer, theirs */
  heldBy(assertHeld: () => Promise<void>): HeldVault;
}

/** In the hands of the one who writes it: nobody else can remove anything. */
export interface HeldVault extends Vault {
  /** Who holds it is looked at right before, again and again. @throws {BackupError} FOREIGN, AWAY, MISSING where somebody else does; STORE */
  delete(names: readonly string[]): Promise<void>;
  assertHeld(): Promise<void>;
}

export interface WriteOptions {
  readonly ifAbsent?: boolean;
  /** Default true. */
  readonly compress?: boolean;
}

const format = 1;
const factsName = 'cluster.json';
/** The same, sealed: what is in plain text may be damaged unseen. */
const copyName = 'cluster';
/** Of objects that are not WAL segments. */
const usualMaxBytes = 256 * 1024 * 1024;
/** That are removed by one look at whose the vault is. */
const deletedAtOnce = 32;

/** Opens the part of the store that belongs to this cluster, and begins it where it is new. @throws {BackupError} STORE, FOREIGN, KEY */
export async function openVault(store: Store, keys: Keyring, facts: ClusterFacts): Promise<Vault> {
  const { systemIdentifier } = facts;
  const key = `${systemIdentifier}/${factsName}`;
  const wanted = Buffer.from(renderFacts(facts, keys));
  const vault = createVault(store, keys, facts);
  if (await store.put(key, wanted, { ifAbsent: true })) {
    await vault.write(copyName, wanted);
    return vault;
  }
  const found = await readFacts(store, systemIdentifier, keys);
  if (found.segmentBytes !== facts.segmentBytes || found.major !== facts.major)
    throw new BackupError(
      'FOREIGN',
      `${store.place} holds backups of this cluster by PostgreSQL ${found.major}; the server is ${facts.major}.`,
      'Name another place for the new version’s backups (BACKUP_STORE).',
    );
  if (!(await store.get(key))?.equals(wanted)) {
    // With another key than before, or damaged: what is not written anew by itself is, so that an earlier key may go.
    await sealAnew(vault);
    await store.put(key, wanted);
  }
  if (!(await vault.list(copyName)).some(({ name }) => name === copyName))
    await vault.write(copyName, wanted);
  return vault;
}

/** Small objects that backups do not bring anew. */
const lasting = ['history/', 'claims/', 'position', 'steps/', 'checks/', copyName];

async function sealAnew(vault: Vault): Promise<void> {
  for (const prefix of lasting) {
    for (const { name } of await vault.list(prefix)) {
      if (await vault.isCurrent(name)) continue;
      const bytes = await vault.read(name).catch(ignoreDamaged);
      if (bytes) await vault.write(name, bytes);
    }
  }
}

/** What is damaged stays so: whoever reads it says so. */
function ignoreDamaged(error: unknown): undefined {
  if (error instanceof BackupError && error.code === 'CORRUPT') return undefined;
  throw error;
}

/** The clusters of a store: those that these keys read, and why others cannot be. */
export interface Survey {
  readonly vaults: readonly Vault[];
  readonly unreadable: readonly { readonly systemIdentifier: string; readonly error: BackupError }[];
}

/** @throws {BackupError} STORE */
export async function surveyVaults(store: Store, keys: Keyring): Promise<Survey> {
  const vaults: Vault[] = [];
  const unreadable: { systemIdentifier: string; error: BackupError }[] = [];
  for (const systemIdentifier of await clustersIn(store)) {
    try {
      vaults.push(createVault(store, keys, await readFacts(store, systemIdentifier, keys)));
    } catch (error) {
      if (!(error instanceof BackupError) || error.code === 'STORE') throw error;
      unreadable.push({ systemIdentifier, error });
    }
  }
  return { vaults, unreadable };
}

/** The clusters whose backups a store holds. @throws {BackupError} STORE; KEY, CORRUPT where none of them can be read */
export async function findVaults(store: Store, keys: Keyring): Promise<readonly Vault[]> {
  const { vaults, unreadable } = await surveyVaults(store, keys);
  if (vaults.length === 0 && unreadable[0]) throw unreadable[0].error;
  return vaults;
}

/** Whether there are encrypted backups, of this cluster where it is known: another key would be of no use then. @throws {BackupError} STORE */
export async function hasEncrypted(store: Store, systemIdentifier: string | undefined): Promise<boolean> {
  for (const name of await clustersIn(store)) {
    if (systemIdentifier !== undefined && name !== systemIdentifier) continue;
    const text = await store.get(`${name}/${factsName}`);
    if (text && parseFacts(text.toString())?.key != null) return true;
    const copy = await store.get(`${name}/${copyName}`);
    if (copy && !keyIdOf(copy).equals(noKeyId)) return true;
  }
  return false;
}

async function clustersIn(store: Store): Promise<string[]> {
  const names: string[] = [];
  for (const name of await store.folders()) {
    // A cluster's first moment: its folder is there, and nothing in it.
    if (/^\d{1,20}$/.test(name) && (await store.list(`${name}/${factsName.split('.')[0]}`)).length > 0)
      names.push(name);
  }
  return names;
}

function createVault(store: Store, keys: Keyring, facts: ClusterFacts): Vault {
  const { systemIdentifier, segmentBytes, major } = facts;
  const keyOf = (name: string): string => `${systemIdentifier}/${name}`;
  const vault: Vault = {
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
    async isCurrent(name) {
      const sealed = await store.get(keyOf(name));
      return sealed === undefined || keyIdOf(sealed).equals(keys.current?.id ?? noKeyId);
    },
    heldBy: assertHeld => ({
      ...vault,
      assertHeld,
      async delete(names) {
        for (let at = 0; at < names.length; at += deletedAtOnce) {
          await assertHeld();
          await store.delete(names.slice(at, at + deletedAtOnce).map(keyOf));
        }
      },
    }),
  };
  return vault;
}

function renderFacts({ systemIdentifier, segmentBytes, major }: ClusterFacts, keys: Keyring): string {
  const key = keys.current?.id.toString('hex') ?? null;
  return `${JSON.stringify({ format, systemIdentifier, segmentBytes, major, key }, null, 2)}\n`;
}

/** By the sealed copy, where it is there; by either where the other is damaged. */
async function readFacts(store: Store, systemIdentifier: string, keys: Keyring): Promise<ClusterFacts> {
  const key = `${systemIdentifier}/${factsName}`;
  const plain = parseFacts((await store.get(key))?.toString() ?? '');
  const isWhole = plain?.systemIdentifier === systemIdentifier;
  if (isWhole) assertEncryption(store, plain.key !== null, keys);
  const name = `${systemIdentifier}/${copyName}`;
  const sealed = await store.get(name);
  const kept = sealed && (await unseal(sealed, { name, keys, maxBytes: usualMaxBytes }).catch(ignoreDamaged));
  const facts = kept ? parseFacts(kept.toString()) : isWhole ? plain : undefined;
  if (!facts)
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
  // Of vaults that have no copy yet.
  if (!kept && facts.key !== null) keys.find(Buffer.from(facts.key, 'hex'));
  return { systemIdentifier, segmentBytes: facts.segmentBytes, major: facts.major };
}

/** All of one place is encrypted, or nothing: what may be plain could be anybody's. */
function assertEncryption(store: Store, isEncrypted: boolean, keys: Keyring): void {
  if (isEncrypted === keys.demands) return;
  throw !isEncrypted
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
