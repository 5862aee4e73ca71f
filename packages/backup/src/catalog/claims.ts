/**
 * Who writes into a vault: one stack, and one process of it that makes backups by schedule. Another copy of the database, be it a copy of the
 * stack's folder, a clone of its machine or a backup restored elsewhere, is told from it before it writes anything.
 *
 * A claim is an object with the next number, put where nothing may be: the newest one holds.
 */
import { randomUUID } from 'node:crypto';
import { BackupError } from '../errors.ts';
import type { Keyring } from '../seal/keys.ts';
import type { Store } from '../store/store.ts';
import { type ClusterFacts, type HeldVault, openVault, type Vault } from '../vault.ts';
import { isUnreadable } from './unreadable.ts';

/** A stack on a machine. */
export interface Writer {
  /** No part of what a copy or a restore brings along. */
  readonly id: string;
  /** For people. */
  readonly host: string;
  readonly folder: string;
  /** The place lies in that folder: a claim in it of another stack was copied along, and whoever made it writes elsewhere. */
  readonly ownsPlace?: boolean;
  /** Where it has written; without, an empty place is always a new one. */
  readonly places?: WrittenPlaces;
}

/**
 * What a stack remembers of where it has written. A place that is empty by now is one whose disk is not mounted, or that
 * somebody has emptied, and is no new one: begun anew, WAL would be stored in it that the true one then lacks.
 */
export interface WrittenPlaces {
  /** The system identifiers of the clusters that it has stored there. */
  clusters(place: string): readonly string[];
  add(place: string, cluster: string): void;
  remove(place: string, cluster: string): void;
}

export interface Claim extends Omit<Writer, 'ownsPlace' | 'places'> {
  /** Of the process that makes backups by schedule; null where a command has claimed it. */
  readonly run: string | null;
  /** ISO 8601. */
  readonly since: string;
}

/** By what somebody may write and remove. */
export interface Holder {
  /** Whether the vault is theirs still. @throws {BackupError} FOREIGN; AWAY where the vault is gone, MISSING where that was said to be so */
  assertHeld(vault: Vault): Promise<void>;
}

const folder = 'claims/';

/** Opens the part of the store that this stack writes. @throws {BackupError} AWAY where it wrote there, and nothing is there; as `openVault` */
export async function openOwnVault(
  store: Store,
  keys: Keyring,
  facts: ClusterFacts,
  writer: Writer,
): Promise<Vault> {
  if (await isAway(store, facts.systemIdentifier, writer)) throw away(store.place);
  return await openVault(store, keys, facts);
}

/** Whether this stack has written backups of that cluster there, of which nothing is there. @throws {BackupError} STORE */
export async function isAway(store: Store, cluster: string, { places }: Writer): Promise<boolean> {
  if (!places?.clusters(store.place).includes(cluster)) return false;
  return (await store.list(`${cluster}/${folder}`)).length === 0;
}

/** Whose the vault is; undefined where nobody has written yet. @throws {BackupError} STORE, KEY, CORRUPT */
export async function readClaim(vault: Vault): Promise<Claim | undefined> {
  return (await newestClaim(vault))?.claim;
}

/**
 * Makes sure that this stack is the one that writes here.
 * @param takeOver whoever it was before @throws {BackupError} FOREIGN where it is another
 */
export async function claimVault(vault: Vault, writer: Writer, takeOver = false): Promise<void> {
  await claim(vault, writer, null, takeOver);
}

/** Whether this stack may write here, or nobody has yet. @throws {BackupError} STORE */
export async function isWriter(vault: Vault, { id, ownsPlace }: Writer): Promise<boolean> {
  try {
    const claim = await readClaim(vault);
    return claim === undefined || claim.id === id || ownsPlace === true;
  } catch (error) {
    // Nobody knows whose it is.
    if (!isUnreadable(error)) throw error;
    return false;
  }
}

/** What a command holds that has claimed the vault: as much as its stack. */
export function holderOf(writer: Writer): Holder {
  return {
    async assertHeld(vault) {
      const claim = await readClaim(vault);
      if (claim === undefined) throw knows(writer, vault) ? away(vault.place) : gone(vault);
      if (claim.id !== writer.id) throw foreign(vault, claim);
    },
  };
}

/** The vault in the hands of its writer. */
export function holdVault(vault: Vault, holder: Holder): HeldVault {
  return vault.heldBy(() => holder.assertHeld(vault));
}

/** The claim of a process that makes backups by schedule, of which there is one at a time. */
export class RunningClaim implements Holder {
  readonly #writer: Writer;
  readonly #run = randomUUID();
  #number: number | undefined;

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  /** @throws {BackupError} FOREIGN where another stack writes there, or another process of this one that began later; AWAY */
  async take(vault: Vault): Promise<void> {
    if (this.#number === undefined) this.#number = await claim(vault, this.#writer, this.#run, false);
    else await this.assertHeld(vault);
  }

  /** By two small reads. */
  async assertHeld(vault: Vault): Promise<void> {
    const number = this.#number;
    if (number === undefined) throw gone(vault);
    const [own, next] = await Promise.all([vault.read(nameOf(number)), vault.read(nameOf(number + 1))]);
    if (own && !next) return;
    const newest = await newestClaim(vault);
    if (newest === undefined && knows(this.#writer, vault)) throw away(vault.place);
    if (newest === undefined || newest.number < number) {
      // It is begun anew.
      this.#number = undefined;
      throw gone(vault);
    }
    const { claim: by } = newest;
    if (by.id !== this.#writer.id) throw foreign(vault, by);
    if (by.run !== null && by.run !== this.#run)
      throw new BackupError(
        'FOREIGN',
        `${vault.place} is written by another process of this stack since ${by.since}, on ${by.host}: is this machine a copy of that one?`,
        'If it is none, restart this service (peakstone restart backup); else give one of the two a place of its own (BACKUP_STORE).',
      );
    this.#number = await claim(vault, this.#writer, this.#run, false);
  }
}

async function claim(vault: Vault, whole: Writer, run: string | null, isAsked: boolean): Promise<number> {
  const { ownsPlace = false, places, ...writer } = whole;
  const takeOver = isAsked || ownsPlace;
  for (;;) {
    const newest = await newestClaim(vault).catch(error => {
      if (takeOver && isUnreadable(error)) return undefined;
      throw error;
    });
    if (newest && newest.claim.id !== writer.id && !takeOver) throw foreign(vault, newest.claim);
    // What a process of this stack holds is the stack's.
    if (newest && newest.claim.id === writer.id && (run === null || newest.claim.run === run)) {
      if (!knows(whole, vault)) places?.add(vault.place, vault.systemIdentifier);
      return newest.number;
    }
    if (newest === undefined && !isAsked && knows(whole, vault)) throw away(vault.place);
    const number = ((await numbers(vault)).at(-1) ?? 0) + 1;
    const own: Claim = { ...writer, run, since: new Date().toISOString() };
    if (!(await vault.write(nameOf(number), Buffer.from(JSON.stringify(own)), { ifAbsent: true }))) continue;
    const all = await numbers(vault);
    if (all.at(-1) !== number) continue;
    // Whose the newest is, is what was just settled.
    await vault.heldBy(async () => undefined).delete(all.slice(0, -keptClaims).map(nameOf));
    if (!knows(whole, vault)) places?.add(vault.place, vault.systemIdentifier);
    return number;
  }
}

/** Who comes late by a few finds that the number is taken. */
const keptClaims = 5;

async function newestClaim(vault: Vault): Promise<{ number: number; claim: Claim } | undefined> {
  const number = (await numbers(vault)).at(-1);
  if (number === undefined) return undefined;
  const bytes = await vault.read(nameOf(number)).catch(error => {
    if (!(error instanceof BackupError) || error.code !== 'CORRUPT') throw error;
    throw new BackupError(
      'CORRUPT',
      `${error.message} It says which stack writes its backups there.`,
      'If it is this one: peakstone backup takeover',
      error,
    );
  });
  return bytes && { number, claim: JSON.parse(bytes.toString()) as Claim };
}

async function numbers(vault: Vault): Promise<number[]> {
  const names = await vault.list(folder);
  return names.map(({ name }) => Number(name.slice(folder.length))).sort((a, b) => a - b);
}

function nameOf(number: number): string {
  return `${folder}${String(number).padStart(8, '0')}`;
}

function knows({ places }: Writer, { place, systemIdentifier }: Vault): boolean {
  return places?.clusters(place).includes(systemIdentifier) === true;
}

function gone({ place }: Vault): BackupError {
  return new BackupError(
    'MISSING',
    `What was stored in ${place} is gone.`,
    'Everything is stored anew, beginning with a full backup. Look at who removed it.',
  );
}

/** Told alike by whoever would write there, and by the doctor. */
export function away(place: string): BackupError {
  return new BackupError(
    'AWAY',
    `What this stack stored in ${place} is not there: ${/^s3:/.test(place) ? 'was the bucket emptied, or has it another prefix' : 'is its disk mounted'}?`,
    'Once it is there again, all goes on by itself. If it is gone for good: peakstone backup takeover; everything is stored anew then, beginning with a full backup.',
  );
}

function foreign(vault: Vault, { host, folder: of, since }: Claim): BackupError {
  return new BackupError(
    'FOREIGN',
    `The backups of this database in ${vault.place} are written by ${of} on ${host}, since ${since}; this is another stack, or a copy of that one.`,
    'Give this one a place of its own (BACKUP_STORE in .env). If the other one is gone for good: peakstone backup takeover',
  );
}
