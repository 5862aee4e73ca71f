/**
 * From two databases to proven files: the library's plan, mended, run on a copy with rows, and compared again. What does not
 * stand the proof is told and never written.
 */

import { compareDescriptions, describeDatabase } from '../describe/index.ts';
import { MigrateError } from '../errors.ts';
import type { AskedScope, DiffEngine, Extract, Reading, Scope } from './engine/types.ts';
import { compareExtras, type Extra, readExtras } from './extras.ts';
import { cutFiles, type FilePlan } from './files.ts';
import { findForeignTables } from './foreignTables.ts';
import { type Loss, lossesOf } from './loss.ts';
import { refuseTooLong } from './mend/casts.ts';
import { orderColumns } from './mend/columns.ts';
import { keepGenerated } from './mend/generated.ts';
import { avoidLongLocks } from './mend/online.ts';
import { orderSteps, withoutOwnGrants } from './mend/order.ts';
import { mendInvalid, reachPartitions } from './mend/partitions.ts';
import { keepSequences } from './mend/sequences.ts';
import { openingsOf } from './openings.ts';
import { markTables } from './proof/glance.ts';
import {
  type Claim,
  failureText,
  type Goal,
  type Ground,
  prove,
  refused,
  tellOrders,
  untouchedText,
  type Verdict,
} from './proof/prove.ts';
import { allowProof, makeRoles } from './proof/roles.ts';
import { emptyTable, fillTables } from './proof/rows.ts';
import type { StepFailure } from './proof/run.ts';
import { WorkCopy } from './proof/workCopy.ts';
import { columnCandidates, type Rename, tableCandidates } from './renames/find.ts';
import { type GivenRename, resolveRenames } from './renames/given.ts';
import { derivedRenames, renameSteps } from './renames/sql.ts';
import type { ScratchDatabase } from './scratchDatabase.ts';
import { alteredTable, type Step } from './step.ts';

export interface DiffInput {
  readonly engine: DiffEngine;
  readonly scope: AskedScope;
  /** What the folder makes. */
  readonly current: ScratchDatabase;
  /** What is wanted; only read. A login that sees everything. */
  readonly desiredUrl: string;
  /** What the engine extracts of it, where that was begun while the folder was replayed. */
  readonly desiredExtract?: Promise<Extract> | undefined;
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
  /** Rows that more people see or change afterwards; sentences. */
  readonly openings: readonly string[];
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
type Scoped = DiffInput & { readonly scope: Scope };

/** The same, with what the plan begins with. */
type Task = Scoped & Ground & { readonly extrasBefore: readonly Extra[] };

type Work = WorkCopy<ScratchDatabase>;

/** How often what is left after a plan is planned again. */
const ROUNDS = 4;

export async function diffDatabases(asked: DiffInput): Promise<Diff> {
  const { engine, current, desiredUrl, onProgress = () => undefined } = asked;
  onProgress('reading both');
  const scope: Scope = {
    ...asked.scope,
    ...(await findForeignTables(current.adminUrl, desiredUrl, asked.scope)),
  };
  const read = async (all: Promise<Extract>) => engine.read(await all, scope);
  const desiredRead = read(asked.desiredExtract ?? engine.extract(desiredUrl));
  const [desired, { missingRoles, madeUp, empty }, before, extras, wanted] = await Promise.all([
    desiredRead,
    desiredRead.then(there => fill(asked, there)),
    read(engine.extract(current.adminUrl)),
    readExtras(desiredUrl, scope),
    describeDatabase(desiredUrl, scope),
  ]);
  const goal: Goal = { desired, extras, wanted };
  const withoutRows = [...empty];
  const work: Work = new WorkCopy(current);
  try {
    const renamed = await rename({ ...asked, scope }, work, before, desired);
    const start = renamed.steps.length === 0 ? current : await work.open();
    const described = await describeDatabase(start.adminUrl, scope);
    const extrasBefore = await readExtras(start.adminUrl, scope);
    for (;;) {
      onProgress('planning');
      const marks = await markTables(current.url, scope.ignoredSchemas);
      const outcome = await planAndProve(
        { ...asked, scope, marks, described, extrasBefore },
        work,
        renamed,
        goal,
      );
      const table = blamedTable(outcome.failure, renamed.accepted);
      if (table === undefined || !madeUp.has(table) || withoutRows.includes(table))
        return {
          ...outcome,
          ...{ possibleRenames: renamed.possible, renames: renamed.accepted },
          openings: outcome.files.length === 0 ? [] : openingsOf(described, wanted),
          ...{ withoutRows, missingRoles },
        };
      // Rows that were made up are no proof against a new constraint: the table stands it without.
      withoutRows.push(table);
      await work.drop();
      await emptyTable(current.url, table);
    }
  } finally {
    await work.drop();
  }
}

/** Rows for the proof, and who and what it takes to have them. */
async function fill({ current, scope, rowsUrl, givesAway }: DiffInput, wanted: Reading) {
  const missingRoles = await makeRoles(current.adminUrl, wanted.roles);
  await allowProof(current.adminUrl, current.url, givesAway ? missingRoles : []);
  const filled = await fillTables(current.url, scope.ignoredSchemas, wanted.structure.enums, rowsUrl);
  return { missingRoles, ...filled };
}

type Outcome = Verdict & Pick<Diff, 'files' | 'losses'>;

async function planAndProve(input: Task, work: Work, renamed: Renamed, goal: Goal): Promise<Outcome> {
  const { engine, scope, described, extrasBefore, onProgress } = input;
  const { desired, wanted } = goal;
  const { structure } = renamed.reading;
  const claimOf = (steps: readonly Step[]): Claim => ({
    ...goal,
    before: structure,
    losses: lossesOf(steps.slice(renamed.steps.length), structure, desired.structure),
  });
  const steps = [...renamed.steps];
  let planned: readonly Step[] = [
    ...withoutOwnGrants(planSteps(input, renamed.reading, goal, extrasBefore)),
    ...mendInvalid(described, wanted),
  ];
  const whole = [...steps, ...planned];
  if (whole.length === 0)
    return {
      ...{ files: [], losses: [], ...tellOrders(structure, structure, desired.structure) },
      unmodelled: compareDescriptions(wanted, described).map(untouchedText),
    };
  // Most plans stand as they come, which takes one copy; only those that do not are put in order on another.
  onProgress?.('proving');
  let outcome = await proveOne(input, whole, claimOf(whole), input.offline !== true);
  if (outcome.unproven.length === 0) return outcome;
  for (let round = 0; ; round++) {
    const settled = await work.settle(planned);
    if ('error' in settled) {
      const tried = [...steps, ...planned];
      const files = cutFiles(tried, NOTHING_LATER, structure);
      const { losses } = claimOf(tried);
      return { files, losses, ...refused(settled) };
    }
    steps.push(...settled);
    const isLast = settled.length === 0 || round === ROUNDS - 1;
    if (round > 0 || !outcome.isUnfinished || isLast) {
      onProgress?.('proving');
      outcome = await proveBest(input, steps, claimOf(steps), isLast);
      // To look at the outcome before it is proven would cost a reading more, and most plans are whole.
      if (!outcome.isUnfinished || isLast) return outcome;
    }
    onProgress?.('planning');
    const { adminUrl } = await work.open();
    const [all, extras] = await Promise.all([engine.extract(adminUrl), readExtras(adminUrl, scope)]);
    planned = planSteps(input, engine.read(all, scope), goal, extras);
  }
}

/** Constraints that hold a lock for long are added in two steps; where those do not stand the proof, in one. */
async function proveBest(
  input: Task,
  steps: readonly Step[],
  claim: Claim,
  isLast: boolean,
): Promise<Outcome> {
  if (input.offline) return await proveOne(input, steps, claim, false);
  const outcome = await proveOne(input, steps, claim, true);
  if (outcome.unproven.length === 0 || (outcome.isUnfinished && !isLast)) return outcome;
  return await proveOne(input, steps, claim, false);
}

async function proveOne(
  input: Task,
  steps: readonly Step[],
  claim: Claim,
  online: boolean,
): Promise<Outcome> {
  const { now, later } = online ? avoidLongLocks(steps, claim.before) : { now: steps, later: NOTHING_LATER };
  const files = cutFiles(now, later, claim.before);
  return { files, losses: claim.losses, ...(await prove(input, files, claim)) };
}

const NOTHING_LATER = { indexes: [], validations: [], last: [] };

/** Checks, keys and exclusions that rows do not satisfy. */
const VIOLATIONS = ['23514', '23503', '23505', '23P01'];

/** What a new type does not take. */
const UNFIT = '22';

/** The table, by its name in the folder, whose rows a new constraint, or a new type, refuses. */
function blamedTable(failure: StepFailure | undefined, renames: readonly Rename[]): string | undefined {
  if (failure === undefined) return undefined;
  const { schema, table } = failure.error.fields;
  const isValue = failure.error.code.startsWith(UNFIT);
  if (!isValue && !VIOLATIONS.includes(failure.error.code)) return undefined;
  const key = isValue ? alteredTable(failure.sql) : `${schema}.${table}`;
  return renames.find(each => each.kind === 'table' && each.to === key)?.from ?? key;
}

interface Renamed {
  readonly steps: readonly Step[];
  readonly reading: Reading;
  readonly accepted: readonly Rename[];
  readonly possible: readonly Rename[];
}

/** Renames on the copy, which then is what the plan begins with: the library sees the new names alone. */
async function rename(input: Scoped, work: Work, before: Reading, desired: Reading): Promise<Renamed> {
  const { engine, scope } = input;
  const given = resolveRenames(input.renames, before.structure, desired.structure);
  const accepted: Rename[] = [];
  const possible: Rename[] = [];
  const steps: Step[] = [];
  let reading = before;
  const apply = async (some: readonly Step[]) => {
    if (some.length === 0) return;
    const settled = await work.begin(some);
    if ('error' in settled)
      throw new MigrateError(
        'rename',
        `The rename is refused: ${failureText(settled)}`,
        'Write it by hand: peakstone migrate new NAME',
        settled.error,
      );
    steps.push(...settled);
    reading = engine.read(await engine.extract((await work.open()).adminUrl), scope);
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

/** @param extras that are there */
function planSteps(
  { engine }: Task,
  reading: Reading,
  { desired, wanted, extras: wantedExtras }: Goal,
  extras: readonly Extra[],
): readonly Step[] {
  const { structure } = reading;
  const kept = keepGenerated(engine.plan(reading, desired), structure, desired.structure);
  const changes = orderColumns(orderSteps(kept, structure), desired.structure);
  const whole = keepSequences(refuseTooLong(changes, structure), structure, desired.structure);
  const { drops, creates } = compareExtras(extras, wantedExtras, wanted);
  return [...drops, ...reachPartitions(whole, wanted), ...creates];
}
