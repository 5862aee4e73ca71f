/** What `import abandon` prints for people. Pure. */
import type { AbandonedImport } from '@peakstone/stack';
import { printableLine } from '../output/printable.ts';

/** Objects a line each on standard output, and what is to be said beside them. */
export function renderAbandoned({ files, made, undone, restore }: AbandonedImport): {
  readonly rows: readonly string[];
  readonly notes: readonly string[];
} {
  const lines = (undone?.removed ?? made).map(({ type, name, isLater }) =>
    printableLine(`${type} ${name}${isLater ? '  (not known to be the import’s own)' : ''}`),
  );
  const left = undone?.left ?? [];
  return {
    rows: lines,
    notes: [
      `The import of ${printableLine(files.join(' '))} is given up.`,
      ...(undone === null ? kept(made.length) : [removed(lines.length, undone.rows)]),
      ...left.map(({ type, name, why }) => printableLine(`Left: ${type} ${name}: ${why}`)),
      ...(restore === null || (undone !== null && left.length === 0)
        ? []
        : [
            `All of the database as it was before, which takes back what others did since as well: ${restore}`,
          ]),
    ],
  };
}

function kept(count: number): readonly string[] {
  if (count === 0) return ['Nothing of what it made is there.'];
  return [
    `What it made is still in the database: ${count} ${count === 1 ? 'object' : 'objects'}, as listed. To remove it, before the next import: peakstone import abandon --undo`,
  ];
}

function removed(count: number, rows: number): string {
  const objects = `Removed ${count} ${count === 1 ? 'object' : 'objects'}`;
  return rows === 0 ? `${objects}.` : `${objects}, and ${rows} rows of tables that were there before.`;
}
