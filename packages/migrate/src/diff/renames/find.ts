/** What may have been renamed: asked, never guessed. Pure. */
import type { ColumnShape, Structure, TableShape } from '../engine/types.ts';

/** A table, or a column of one, under its old and its new name. */
export type Rename =
  | { readonly kind: 'table'; readonly from: string; readonly to: string }
  | { readonly kind: 'column'; readonly table: string; readonly from: string; readonly to: string };

/** Fewer columns in common, and it is another table. */
const ALIKE = 0.5;

/** Tables that are gone beside tables that are new and look like them, most alike first. */
export function tableCandidates(before: Structure, after: Structure): Rename[] {
  const gone = [...before.tables].filter(([key, { isPartition }]) => !after.tables.has(key) && !isPartition);
  const made = [...after.tables].filter(([key]) => !before.tables.has(key));
  return gone
    .flatMap(([from, old]) => made.map(([to, table]) => ({ from, to, alike: likeness(old, table) })))
    .filter(({ alike }) => alike >= ALIKE)
    .sort((a, b) => b.alike - a.alike)
    .map(({ from, to }) => ({ kind: 'table', from, to }));
}

/** Columns that are gone beside columns of their table that are new and of their type. */
export function columnCandidates(before: Structure, after: Structure): Rename[] {
  return [...before.tables].flatMap(([table, { columns }]) => {
    const now = after.tables.get(table)?.columns;
    if (now === undefined || before.tables.get(table)?.isPartition) return [];
    const gone = [...columns].filter(([name]) => !now.has(name));
    const made = [...now].filter(([name]) => !columns.has(name));
    return gone.flatMap(([from, column]) =>
      made
        .filter(([, other]) => isAlike(column, other))
        .map(([to]): Rename => ({ kind: 'column', table, from, to })),
    );
  });
}

/** The part of the columns of the larger that both have, by type, and by name for half of it. */
function likeness(a: TableShape, b: TableShape): number {
  const size = Math.max(a.columns.size, b.columns.size);
  if (size === 0) return 0;
  const types = [...b.columns.values()].map(({ type }) => type);
  let score = 0;
  for (const [name, { type }] of a.columns) {
    if (b.columns.get(name)?.type === type) score += 0.5;
    const at = types.indexOf(type);
    if (at < 0) continue;
    types.splice(at, 1);
    score += 0.5;
  }
  return score / size;
}

function isAlike(a: ColumnShape, b: ColumnShape): boolean {
  return a.type === b.type && (a.generated === null) === (b.generated === null);
}

/** As people write it. @example renameText({ kind: 'column', table: 'public.t', from: 'a', to: 'b' }) // 't.a=t.b' */
export function renameText(rename: Rename): string {
  const short = (key: string) => key.replace(/^public\./, '');
  if (rename.kind === 'table') return `${short(rename.from)}=${short(rename.to)}`;
  return `${short(rename.table)}.${rename.from}=${rename.to}`;
}
