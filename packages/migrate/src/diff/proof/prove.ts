/** Runs files on a copy with rows, and holds what they make against what is wanted. */
import {
  compareDescriptions,
  type Description,
  type Difference,
  describeDatabase,
  differenceText,
} from '../../describe/index.ts';
import type { DiffEngine, Reading, Scope, Structure } from '../engine/types.ts';
import { compareExtras, type Extra, readExtras } from '../extras.ts';
import type { FilePlan } from '../files.ts';
import type { Loss } from '../loss.ts';
import { otherOrders } from '../mend/columns.ts';
import { tellInvalid } from '../mend/partitions.ts';
import type { ScratchDatabase } from '../scratchDatabase.ts';
import { countRows, findMissing } from './count.ts';
import { changedTables, type Marks, markTables } from './glance.ts';
import { runFiles, type StepFailure } from './run.ts';

/** What a plan begins with, and who made it. */
export interface Ground {
  readonly engine: DiffEngine;
  readonly scope: Scope;
  readonly current: ScratchDatabase;
  /** Of its rows. */
  readonly marks: Marks;
  /** What there is after renames. */
  readonly described: Description;
}

/** What is wanted. */
export interface Goal {
  readonly desired: Reading;
  readonly extras: readonly Extra[];
  /** All of it, as we read it ourselves. */
  readonly wanted: Description;
}

/** What the files have to make of what, and what they may lose on the way. */
export interface Claim extends Goal {
  readonly before: Structure;
  readonly losses: readonly Loss[];
}

export interface Verdict {
  /** Why the files must not be written. */
  readonly unproven: readonly string[];
  /** What differs, and no statement of ours makes. */
  readonly unmodelled: readonly string[];
  readonly otherOrders: readonly string[];
  readonly failure?: StepFailure;
  /** Something differs still, which a second look may plan. */
  readonly isUnfinished?: boolean;
}

export function refused(failure: StepFailure): Verdict {
  return { failure, unproven: [failureText(failure)], unmodelled: [], otherOrders: [] };
}

/**
 * What stands against the files; nothing when they are proven. Whether the plan's maker finds no difference any more does not
 * count alone: our own description of what was made has to be that of what is wanted.
 */
export async function prove(
  { engine, scope, current, marks, described }: Ground,
  files: readonly FilePlan[],
  { before, desired, wanted, extras: wantedExtras, losses }: Claim,
): Promise<Verdict> {
  const proof = await current.copy();
  try {
    const failure = await runFiles(proof.url, files);
    if (failure) return refused(failure);
    const [all, extrasMade, madeObjects, marksMade] = await Promise.all([
      engine.extract(proof.adminUrl),
      readExtras(proof.adminUrl, scope),
      describeDatabase(proof.adminUrl, scope),
      markTables(proof.url, scope.ignoredSchemas),
    ]);
    const made = engine.read(all, scope);
    const extras = compareExtras(extrasMade, wantedExtras, wanted);
    const left = [...engine.plan(made, desired), ...extras.drops, ...extras.creates];
    const differing = compareDescriptions(wanted, madeObjects);
    const isLeft = (each: Difference) => isUntouched(each, described, madeObjects, wanted);
    const missing = await missingRows(current, proof, scope, changedTables(marks, marksMade), losses);
    const orders = tellOrders(before, made.structure, desired.structure);
    return {
      unproven: [
        ...tellInvalid(described, wanted),
        ...left.map(({ sql }) => `Afterwards it still differs: ${sql}`),
        ...differing
          .filter(each => !isLeft(each))
          .map(each => `Afterwards it is not as wanted: ${differenceText(each)}`),
        ...missing,
        ...orders.unproven,
      ],
      unmodelled: differing.filter(isLeft).map(untouchedText),
      otherOrders: orders.otherOrders,
      isUnfinished: left.length > 0,
    };
  } finally {
    await proof.drop();
  }
}

/** Whether what differs is what it was, so that the files have nothing to do with it. */
function isUntouched(
  { name }: Difference,
  before: Description,
  made: Description,
  wanted: Description,
): boolean {
  if (before.get(name)?.text !== made.get(name)?.text) return false;
  const relation = (wanted.get(name) ?? made.get(name))?.relation ?? null;
  return relation === null || hasRelation(before, relation);
}

const RELATION_KINDS = ['table', 'view', 'materialized view', 'foreign table', 'composite type', 'domain'];

function hasRelation(all: Description, relation: string): boolean {
  return RELATION_KINDS.some(kind => all.has(`${kind} ${relation}`));
}

/** What no statement of ours makes, and has to be written by hand. */
export function untouchedText(difference: Difference): string {
  switch (difference.kind) {
    case 'missing':
      return difference.name;
    case 'surplus':
      return `${difference.name} (to be dropped)`;
    case 'other':
      return differenceText(difference);
  }
}

/** @param tables that are not as they were */
async function missingRows(
  current: ScratchDatabase,
  proof: ScratchDatabase,
  { ignoredSchemas }: Scope,
  tables: readonly string[],
  losses: readonly Loss[],
): Promise<readonly string[]> {
  if (tables.length === 0) return [];
  const before = await countRows(current.url, ignoredSchemas, tables);
  return findMissing(before, await countRows(proof.url, ignoredSchemas, tables, before), losses);
}

/** A table that is made anew has its columns in the order that is wanted; one that was there may have another. */
export function tellOrders(
  before: Structure,
  made: Structure,
  wanted: Structure,
): Pick<Verdict, 'unproven' | 'otherOrders'> {
  const [old, fresh] = [[] as string[], [] as string[]];
  for (const [key, text] of otherOrders(made, wanted)) (before.tables.has(key) ? old : fresh).push(text);
  return { unproven: fresh, otherOrders: old };
}

export function failureText({ sql, error }: StepFailure): string {
  return `PostgreSQL refuses it: ${error.message} (${error.code}): ${sql}`;
}
