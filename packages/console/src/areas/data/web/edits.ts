/** What was typed and is not written yet, and what was written and can be taken back. Pure. */
import type { Cells, CellValue, Change } from '../changes.ts';
import type { Row } from '../index.ts';

export type Image = Readonly<Record<string, string | null>>;

/** Of a row that is there: new cells, or its end. By the row's key. */
export interface RowEdit {
  readonly key: readonly string[];
  /** The cells as they were seen, of those that are changed; of all, where the row goes. */
  readonly old: Image;
  readonly set: Cells;
  readonly removed: boolean;
}

export interface Edits {
  readonly rows: ReadonlyMap<string, RowEdit>;
  readonly added: readonly Cells[];
}

export const NO_EDITS: Edits = { rows: new Map(), added: [] };

export function rowKey(row: Pick<Row, 'key'>): string {
  return JSON.stringify(row.key);
}

export function countEdits({ rows, added }: Edits): number {
  return rows.size + added.length;
}

/** A cell set back to what it was is no edit. */
export function setCell(
  edits: Edits,
  key: readonly string[],
  column: string,
  old: string | null,
  value: CellValue,
): Edits {
  const id = JSON.stringify(key);
  const before = edits.rows.get(id) ?? { key, old: {}, set: {}, removed: false };
  const seen = column in before.old ? before.old[column]! : old;
  const set: Record<string, CellValue> = { ...before.set };
  const olds: Record<string, string | null> = { ...before.old, [column]: seen };
  if (value === seen) {
    delete set[column];
    delete olds[column];
  } else set[column] = value;
  const rows = new Map(edits.rows);
  if (Object.keys(set).length === 0 && !before.removed) rows.delete(id);
  else rows.set(id, { ...before, old: olds, set });
  return { ...edits, rows };
}

/** Marks a row for its end, or takes that back. */
export function toggleRemoved(edits: Edits, key: readonly string[], old: Image): Edits {
  const id = JSON.stringify(key);
  const rows = new Map(edits.rows);
  const before = rows.get(id);
  if (before?.removed) rows.delete(id);
  else rows.set(id, { key, old: { ...old, ...before?.old }, set: {}, removed: true });
  return { ...edits, rows };
}

export function addRow(edits: Edits, cells: Cells = {}): Edits {
  return { ...edits, added: [...edits.added, cells] };
}

export function setAdded(edits: Edits, n: number, column: string, value: CellValue): Edits {
  return {
    ...edits,
    added: edits.added.map((cells, each) => (each === n ? { ...cells, [column]: value } : cells)),
  };
}

export function dropAdded(edits: Edits, n: number): Edits {
  return { ...edits, added: edits.added.filter((_, each) => each !== n) };
}

/** In the order in which they are written: ends first, so that what was unique is free again. */
export function changesOf({ rows, added }: Edits): Change[] {
  const all = [...rows.values()];
  return [
    ...all
      .filter(({ removed }) => removed)
      .map(({ key, old }): Change => ({ kind: 'delete', key: [...key], old })),
    ...all
      .filter(({ removed }) => !removed)
      .map(({ key, old, set }): Change => ({ kind: 'update', key: [...key], old, set })),
    ...added.map((set): Change => ({ kind: 'insert', set })),
  ];
}

/**
 * What takes back changes that were written, given what each row was and became: it holds only while nobody has changed them
 * since, as each says what it expects to find.
 * @param keyOf the key of a row's image; null where rows have none
 */
export function inverseOf(
  images: readonly { readonly before: Image | null; readonly after: Image | null }[],
  kinds: readonly Change['kind'][],
  keyOf: (image: Image) => readonly string[] | null,
  writable: (column: string) => boolean,
): Change[] | null {
  const inverse: Change[] = [];
  for (const [n, { before, after }] of images.entries()) {
    const kind = kinds[n]!;
    if (kind === 'delete') {
      if (before === null) return null;
      inverse.unshift({ kind: 'insert', set: pick(before, writable) });
      continue;
    }
    const key = after === null ? null : keyOf(after);
    if (key === null || after === null) return null;
    if (kind === 'insert') inverse.unshift({ kind: 'delete', key: [...key], old: after });
    else if (before !== null) {
      const changed = Object.keys(after).filter(
        column => after[column] !== before[column] && writable(column),
      );
      inverse.unshift({
        kind: 'update',
        key: [...key],
        old: Object.fromEntries(changed.map(column => [column, after[column]!])),
        set: Object.fromEntries(changed.map(column => [column, before[column]!])),
      });
    }
  }
  return inverse;
}

function pick(image: Image, writable: (column: string) => boolean): Cells {
  return Object.fromEntries(Object.entries(image).filter(([column]) => writable(column)));
}
