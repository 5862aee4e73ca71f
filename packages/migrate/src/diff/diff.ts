/**
 * From two databases to proven files: the library's plan, mended, run on a copy with rows, and compared again. What does not
 * stand the proof is told and never written.
 */

import { MigrateError } from '../errors.ts';
import type { AskedScope, DiffEngine, Reading, Scope, Structure } from './engine/types.ts';
import { compareExtras, type Extra, readExtras } from './extras.ts';
import { cutFiles, type FilePlan } from './files.ts';
import { findForeignTables } from './foreignTables.ts';
import { type Loss, lossesOf } from './loss.ts';
import { refuseTooLong } from './mend/casts.ts';
import { orderColumns, otherOrders } from './mend/columns.ts';
import { avoidLongLocks } from './mend/online.ts';
import { orderSteps, withoutOwnGrants } from './mend/order.ts';
import { keepSequences } from './mend/sequences.ts';
import { countRows, findMissing } from './proof/count.ts';
import { allowProof, makeRoles } from './proof/roles.ts';
import { emptyTable, fillTables } from './proof/rows.ts';
import { runFiles, type StepFailure, settleOrder } from './proof/run.ts';
import { columnCandidates, type Rename, tableCandidates } from './renames/find.ts';
import { type GivenRename, resolveRenames } from './renames/given.ts';
import { derivedRenames, renameSteps } from './renames/sql.ts';
import type { Step } from './step.ts';

/** A database that may be thrown away. */
export interface ScratchDatabase {
  /** The superuser's. */
  readonly adminUrl: string;
  /** Of whoever migrates. */
  readonly url: string;
  /** A copy; nobody may be connected to the original. */
  copy(): Promise<ScratchDatabase>;
  drop(): Promise<void>;
}

export interface DiffInput {
  readonly engine: DiffEngine;
  readonly scope: AskedScope;
  /** What the folder makes. */
  readonly current: ScratchDatabase;
  /** What is wanted; only read. A login that sees everything. */
  readonly desiredUrl: string;
  /** Where rows for the proof are copied from; made up without it. */
  readonly rowsUrl?: string | undefined;
  /** Whoever migrates may make anybody the owner of what is theirs. */
  readonly givesAway?: boolean;
  readonly renames: readonly GivenRename[];
  /** Says of what may be a rename whether it is; undefined: nobody can be asked, and nothing is guessed. */
  readonly askRename?: ((rename: Rename) => Promise<boolean>) | undefined;
  /** Without CONCURRENTLY and NOT VALID: one transaction. */
  readonly offline?: boolean;
  readonly onProgress?: (what: string) => void;
}

export interface Diff {
  /** In their order; empty where nothing differs. */
  readonly files: readonly FilePlan[];
  readonly losses: readonly Loss[];
  /** Objects that differ and have to be written by hand. */
  readonly unmodelled: readonly string[];
  /** What could have been renamed and was not. */
  readonly possibleRenames: readonly Rename[];
  readonly renames: readonly Rename[];
  /** Why the files must not be written; empty when they are proven. */
  readonly unproven: readonly string[];
  /** Tables that have the same columns in another order, which no statement changes; sentences. */
  readonly otherOrders: readonly string[];
  /** Tables that the proof had no rows for. */
  readonly withoutRows: readonly string[];
  /** Roles that grants and owners name and the folder does not make: they must be there. */
  readonly missingRoles: readonly string[];
}

/** As asked, with what was found out about it. */
type Task = DiffInput & { readonly scope: Scope };

/** How often what is left after a plan is planned again. */
const ROUNDS = 4;

export async function diffDatabases(asked: DiffInput): Promise<Diff> {
  const { engine, current, desiredUrl, onProgress = () => undefined } = asked;
  onProgress('reading both');
  const foreign = await findForeignTables(current.adminUrl, desiredUrl, asked.scope);
  const scope: Scope = { ...asked.scope, ...foreign };
  const input = { ...asked, scope };
  const [before, desired, extrasBefore, extrasAfter] = await Promise.all([
    engine.read(current.adminUrl, scope),
    engine.read(desiredUrl, scope),
    readExtras(current.adminUrl, scope),
    readExtras(desiredUrl, scope),
  ]);
  const missingRoles = await makeRoles(current.adminUrl, desired.roles);
  await allowProof(current.adminUrl, current.url, input.givesAway ? missingRoles : []);
  const { madeUp, empty } = await fillTables(
    current.url,
    scope.ignoredSchemas,
    desired.structure.enums,
    input.rowsUrl,
  );
  const withoutRows = [...empty];
  let work = await current.copy();
  try {
    const renamed = await rename(input, work, before, desired);
    const extras = compareExtras(extrasBefore, extrasAfter);
    for (;;) {
      onProgress('planning');
      const outcome = await planAndProve(input, work, renamed, { desired, extras, extrasAfter });
      const table = blamedTable(outcome.failure, renamed.accepted);
      if (table === undefined || !madeUp.has(table) || withoutRows.includes(table))
        return {
          ...outcome,
          ...{ unmodelled: extras.named, possibleRenames: renamed.possible, renames: renamed.accepted },
          ...{ withoutRows, missingRoles },
        };
      // Rows that were made up are no proof against a new constraint: the table stands it without.
      withoutRows.push(table);
      await emptyTable(current.url, table);
      await work.drop();
      work = await current.copy();
      await settleOrder(work.url, renamed.steps);
    }
  } finally {
    await work.drop();
  }
}

interface Goal {
  readonly desired: Reading;
  readonly extras: ReturnType<typeof compareExtras>;
  readonly extrasAfter: readonly Extra[];
}

type Outcome = Pick<Diff, 'files' | 'losses' | 'unproven' | 'otherOrders'> & {
  readonly failure?: StepFailure;
  /** Something differs still, which a second look may plan. */
  readonly isUnfinished?: boolean;
};

async function planAndProve(
  input: Task,
  work: ScratchDatabase,
  renamed: Renamed,
  { desired, extras, extrasAfter }: Goal,
): Promise<Outcome> {
  const { structure } = renamed.reading;
  const steps = [...renamed.steps];
  let reading = renamed.reading;
  for (let round = 0; ; round++) {
    const planned = await planSteps(input, work, reading, desired, round === 0 ? extras : null);
    if ('error' in planned.settled) {
      const files = cutFiles([...steps, ...planned.steps], NOTHING_LATER, structure);
      const losses = lossesOf([...steps.slice(renamed.steps.length), ...planned.steps], structure);
      const unproven = [failureText(planned.settled)];
      return { files, losses, unproven, failure: planned.settled, otherOrders: [] };
    }
    steps.push(...planned.settled);
    const losses = lossesOf(steps.slice(renamed.steps.length), structure);
    if (steps.length === 0)
      return { files: [], losses, ...tellOrders(structure, structure, desired.structure) };
    input.onProgress?.('proving');
    const isLast = planned.settled.length === 0 || round === ROUNDS - 1;
    const claim = { before: structure, desired, extrasAfter, losses };
    const outcome = await proveBest(input, steps, claim, isLast);
    // To look at the outcome before it is proven would cost a reading more, and most plans are whole.
    if (!outcome.isUnfinished || isLast) return outcome;
    input.onProgress?.('planning');
    reading = await input.engine.read(work.adminUrl, input.scope);
  }
}

/** Constraints that hold a lock for long are added in two steps; where those do not stand the proof, in one. */
async function proveBest(
  input: Task,
  steps: readonly Step[],
  claim: Claim,
  isLast: boolean,
): Promise<Outcome> {
  const { before, losses } = claim;
  const ways = input.offline ? [false] : [true, false];
  let outcome: Outcome = { files: [], losses, unproven: [], otherOrders: [] };
  for (const online of ways) {
    const { now, later } = online ? avoidLongLocks(steps, before) : { now: steps, later: NOTHING_LATER };
    const files = cutFiles(now, later, before);
    outcome = { files, losses, ...(await prove(input, files, claim)) };
    if (outcome.unproven.length === 0 || (outcome.isUnfinished && !isLast)) break;
  }
  return outcome;
}

const NOTHING_LATER = { indexes: [], validations: [], last: [] };

/** Checks, keys and exclusions that rows do not satisfy. */
const VIOLATIONS = ['23514', '23503', '23505', '23P01'];

/** The table, by its name in the folder, whose rows a new constraint refuses. */
function blamedTable(failure: StepFailure | undefined, renames: readonly Rename[]): string | undefined {
  if (failure === undefined || !VIOLATIONS.includes(failure.error.code)) return undefined;
  const { schema, table } = failure.error.fields;
  const key = `${schema}.${table}`;
  return renames.find(each => each.kind === 'table' && each.to === key)?.from ?? key;
}

interface Renamed {
  readonly steps: readonly Step[];
  readonly reading: Reading;
  readonly accepted: readonly Rename[];
  readonly possible: readonly Rename[];
}

/** Renames on the copy, which then is what the plan begins with: the library sees the new names alone. */
async function rename(
  input: Task,
  work: ScratchDatabase,
  before: Reading,
  desired: Reading,
): Promise<Renamed> {
  const { engine, scope } = input;
  const given = resolveRenames(input.renames, before.structure, desired.structure);
  const accepted: Rename[] = [];
  const possible: Rename[] = [];
  const steps: Step[] = [];
  let reading = before;
  const apply = async (some: readonly Step[]) => {
    if (some.length === 0) return;
    const settled = await settleOrder(work.url, some);
    if ('error' in settled)
      throw new MigrateError(
        'rename',
        `The rename is refused: ${failureText(settled)}`,
        'Write it by hand: peakstone migrate new NAME',
        settled.error,
      );
    steps.push(...settled);
    reading = await engine.read(work.adminUrl, scope);
  };
  for (const kind of ['table', 'column'] as const) {
    const chosen = given.filter(each => each.kind === kind);
    const find = kind === 'table' ? tableCandidates : columnCandidates;
    // One that was given answers for both of its sides.
    const taken = new Set(chosen.flatMap(sidesOf));
    for (const candidate of find(reading.structure, desired.structure)) {
      if (sidesOf(candidate).some(side => taken.has(side))) continue;
      if (input.askRename === undefined || !(await input.askRename(candidate))) {
        possible.push(candidate);
        continue;
      }
      chosen.push(candidate);
      for (const side of sidesOf(candidate)) taken.add(side);
    }
    accepted.push(...chosen);
    await apply(chosen.flatMap(renameSteps));
  }
  await apply(derivedRenames(reading.structure, desired.structure));
  return { steps, reading, accepted, possible };
}

function sidesOf(rename: Rename): string[] {
  const of = rename.kind === 'table' ? '' : `${rename.table}.`;
  return [`from ${of}${rename.from}`, `to ${of}${rename.to}`];
}

/** The plan, and the same in an order that works. @param extras with the first one */
async function planSteps(
  { engine }: Task,
  work: ScratchDatabase,
  reading: Reading,
  desired: Reading,
  extras: Pick<Goal['extras'], 'drops' | 'creates'> | null,
): Promise<{ readonly steps: readonly Step[]; readonly settled: readonly Step[] | StepFailure }> {
  const changes = orderColumns(
    orderSteps(engine.plan(reading, desired), reading.structure),
    desired.structure,
  );
  const mended = keepSequences(
    refuseTooLong(changes, reading.structure),
    reading.structure,
    desired.structure,
  );
  const steps = extras === null ? mended : [...extras.drops, ...withoutOwnGrants(mended), ...extras.creates];
  return { steps, settled: steps.length === 0 ? [] : await settleOrder(work.url, steps) };
}

/** What the files have to make of what, and what they may lose on the way. */
interface Claim {
  readonly before: Structure;
  readonly desired: Reading;
  readonly extrasAfter: readonly Extra[];
  readonly losses: readonly Loss[];
}

/** What stands against the files; nothing when they are proven. */
async function prove(
  { engine, scope, current }: Task,
  files: readonly FilePlan[],
  { before, desired, extrasAfter, losses }: Claim,
): Promise<Pick<Outcome, 'unproven' | 'otherOrders' | 'failure' | 'isUnfinished'>> {
  const proof = await current.copy();
  try {
    const figures = await countRows(proof.url, scope.ignoredSchemas);
    const failure = await runFiles(proof.url, files);
    if (failure) return { failure, unproven: [failureText(failure)], otherOrders: [] };
    const [made, extrasMade, after] = await Promise.all([
      engine.read(proof.adminUrl, scope),
      readExtras(proof.adminUrl, scope),
      countRows(proof.url, scope.ignoredSchemas),
    ]);
    const left = engine.plan(made, desired);
    const extras = compareExtras(extrasMade, extrasAfter);
    const differing = [...left, ...extras.drops, ...extras.creates];
    const still = differing.map(({ sql }) => `Afterwards it still differs: ${sql}`);
    const missing = findMissing(figures, after, losses);
    const orders = tellOrders(before, made.structure, desired.structure);
    return {
      unproven: [...still, ...missing, ...orders.unproven],
      otherOrders: orders.otherOrders,
      isUnfinished: differing.length > 0,
    };
  } finally {
    await proof.drop();
  }
}

/** A table that is made anew has its columns in the order that is wanted; one that was there may have another. */
function tellOrders(
  before: Structure,
  made: Structure,
  wanted: Structure,
): Pick<Outcome, 'unproven' | 'otherOrders'> {
  const [old, fresh] = [[] as string[], [] as string[]];
  for (const [key, text] of otherOrders(made, wanted)) (before.tables.has(key) ? old : fresh).push(text);
  return { unproven: fresh, otherOrders: old };
}

function failureText({ sql, error }: StepFailure): string {
  return `PostgreSQL refuses it: ${error.message} (${error.code}): ${sql}`;
}
