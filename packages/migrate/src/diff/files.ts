/** Steps to the texts of migration files: what shares a transaction shares a file. Pure. */

import type { Structure } from './engine/types.ts';
import type { Later } from './mend/online.ts';
import { isEnumValue } from './mend/order.ts';
import { alteredTable, type Step } from './step.ts';

/** One file's statements. */
export interface FilePlan {
  /** Follows the migration's name; empty for the first. */
  readonly part: string;
  readonly inTransaction: boolean;
  readonly statements: readonly string[];
}

/** @param before tables that are there, and so may be in use */
export function cutFiles(now: readonly Step[], later: Later, before: Structure): readonly FilePlan[] {
  const files: FilePlan[] = [];
  let current: Step[] = [];
  const close = (part = '') => {
    if (current.length > 0) files.push(transaction(part, current, before));
    current = [];
  };
  for (const [index, each] of now.entries()) {
    if (each.outside) {
      close();
      files.push({ part: each.part ?? 'outside', inTransaction: false, statements: [each.sql] });
      continue;
    }
    current.push(each);
    const rest = [...now.slice(index + 1), ...later.validations, ...later.last];
    if (each.commitsAfter && !isEnumValue(rest[0] ?? each) && usesNew(current, rest)) close('values');
  }
  close();
  for (const each of later.indexes)
    files.push({ part: each.part ?? 'index', inTransaction: false, statements: [each.sql] });
  current = later.validations;
  close('validate');
  current = later.last;
  close('constraints');
  const [first, ...others] = files;
  return first === undefined ? [] : [{ ...first, part: files.length === 1 ? '' : first.part }, ...others];
}

/** Whether later statements name a value of an enum that these add; what is no enum's is taken to be used. */
function usesNew(steps: readonly Step[], rest: readonly Step[]): boolean {
  const added = steps.flatMap(
    ({ sql }) => / ADD VALUE (?:IF NOT EXISTS )?('(?:[^']|'')*')/.exec(sql)?.[1] ?? [],
  );
  if (steps.some(each => each.commitsAfter && !isEnumValue(each))) return rest.length > 0;
  return rest.some(({ sql }) => added.some(value => sql.includes(value)));
}

/** Whoever waits for a lock keeps all who come later waiting. */
const LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5s'";
const BODIES = 'SET LOCAL check_function_bodies = off';

function transaction(part: string, steps: readonly Step[], before: Structure): FilePlan {
  const locks = steps.some(({ sql }) => {
    const dropped = /^DROP (?:TABLE|INDEX|TRIGGER|POLICY|RULE) /.test(sql);
    return dropped || before.tables.has(alteredTable(sql) ?? '') || / ON "[^"]+"\."[^"]+"/.test(sql);
  });
  const routines = steps.some(({ sql }) => /^CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE)\b/.test(sql));
  return {
    part,
    inTransaction: true,
    statements: [
      ...(locks ? [LOCK_TIMEOUT] : []),
      ...(routines ? [BODIES] : []),
      ...steps.map(({ sql }) => sql),
    ],
  };
}

/** As it is written into the folder. @example renderFile({ part: '', inTransaction: true, statements: ['select 1'] }) // 'select 1;\n' */
export function renderFile({ inTransaction, statements }: FilePlan): string {
  const head = inTransaction ? '' : '-- atlas:txmode none\n\n';
  return `${head}${statements.map(each => `${each.trimEnd().replace(/;$/, '')};\n`).join('')}`;
}
