/** A column that gets another sequence goes on where the old one was, and after the rows that are there. Pure. */
import { quoteIdentifier as id, quoteLiteral as literal } from '@peakstone/kernel/pg';
import type { ColumnShape, Structure } from '../engine/types.ts';
import { alteration, alteredTable, firstIdentifier, quoteKey, type Step, step } from '../step.ts';

const NEXTVAL = /^nextval\('(.+)'::regclass\)$/;

export function keepSequences(steps: readonly Step[], before: Structure, after: Structure): readonly Step[] {
  let count = 0;
  const kept: Step[] = [];
  const goesOn = steps.flatMap((each): Step[] => {
    const table = alteredTable(each.sql) ?? '';
    const match = /^ALTER COLUMN (.+?) (?:ADD GENERATED|SET DEFAULT nextval\()/.exec(alteration(each.sql));
    const column = firstIdentifier(match?.[1] ?? '');
    const old = before.tables.get(table)?.columns.get(column);
    const now = after.tables.get(table)?.columns.get(column);
    if (!match || !old || !now || !isNewSequence(old, now, before)) return [each];
    const name = `peakstone.sequence_${++count}`;
    const origin = sequenceOf(table, column, old);
    if (origin !== undefined) kept.push(keep(name, origin));
    return [each, goOn(table, column, now, origin === undefined ? undefined : name)];
  });
  return [...kept, ...goesOn];
}

/** Whether numbers come from somewhere else than before. */
function isNewSequence(old: ColumnShape, now: ColumnShape, before: Structure): boolean {
  if (now.identity !== null) return old.identity === null;
  const named = NEXTVAL.exec(now.default ?? '')?.[1];
  return (
    named !== undefined &&
    named !== NEXTVAL.exec(old.default ?? '')?.[1] &&
    !before.sequences.has(named.replaceAll('"', ''))
  );
}

/** SQL for the sequence that numbered the column so far. */
function sequenceOf(table: string, column: string, old: ColumnShape): string | undefined {
  if (old.identity !== null) return serialSequence(table, column);
  const named = NEXTVAL.exec(old.default ?? '')?.[1];
  return named === undefined ? undefined : `'${named}'`;
}

function keep(name: string, sequence: string): Step {
  return step(
    `SELECT pg_catalog.set_config('${name}', (pg_catalog.nextval(${sequence}::pg_catalog.regclass))::pg_catalog.text, false)`,
  );
}

function goOn(table: string, column: string, now: ColumnShape, kept: string | undefined): Step {
  const sequence =
    now.identity === null
      ? literal(NEXTVAL.exec(now.default ?? '')?.[1] ?? '')
      : serialSequence(table, column);
  const old = kept === undefined ? '' : `, pg_catalog.current_setting('${kept}')::pg_catalog.int8`;
  return step(
    `SELECT pg_catalog.setval(seqrelid::pg_catalog.regclass, greatest(seqstart${old}, (SELECT pg_catalog.max(${id(column)}) + 1 FROM ${quoteKey(table)})), false) FROM pg_catalog.pg_sequence WHERE seqrelid = ${sequence}::pg_catalog.regclass`,
  );
}

function serialSequence(table: string, column: string): string {
  return `pg_catalog.pg_get_serial_sequence(${literal(quoteKey(table))}, ${literal(column)})`;
}
