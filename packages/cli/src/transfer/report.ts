import type { ImportNote, ImportReport } from '@peakstone/stack';
import { columns } from '../output/columns.ts';
import { printableLine } from '../output/printable.ts';
import type { Style } from '../output/style.ts';

const maxNames = 6;

/** In the order in which a reader needs them. */
const headings: readonly (readonly [kind: ImportNote['kind'], title: string])[] = [
  ['failed', 'The server refused'],
  ['warning', 'To be looked at'],
  ['aside', 'Set aside'],
  ['changed', 'Taken over in another form'],
  ['kept', 'The stack’s own, kept'],
];

/** What an import did, and did not, for people. Pure. */
export function renderImport(report: ImportReport, style: Style, width: number): string {
  const lines: string[] = [];
  const tables = Object.entries(report.rows).filter(([, rows]) => rows > 0);
  const total = tables.reduce((sum, [, rows]) => sum + rows, 0);
  const made = Object.entries(report.made).map(([what, count]) => `${count} ${plural(what, count)}`);
  lines.push(
    `${report.dryRun ? 'Would import' : 'Imported'} ${total} rows of ${tables.length} tables${made.length > 0 ? `; ${made.join(', ')}` : ''}.`,
  );
  lines.push(...renderNotes(report.notes, style, width));
  if (report.openTables.length > 0) {
    lines.push('', style.warning('Open to everybody'));
    lines.push(
      ...columns(
        [
          [
            'table',
            printableLine(
              `${report.openTables.join(', ')}: anyone with the anon key may change these, as no row security is on. Where that is not meant: alter table … enable row level security`,
            ),
          ],
        ],
        width,
      ),
    );
  }
  return `${lines.join('\n')}\n`;
}

/** What was set aside, changed and kept, by kind. Pure. */
export function renderNotes(notes: readonly ImportNote[], style: Style, width: number): readonly string[] {
  const lines: string[] = [];
  for (const [kind, title] of headings) {
    const groups = groupNotes(notes.filter(note => note.kind === kind));
    if (groups.length === 0) continue;
    const colour = kind === 'failed' ? style.bad : kind === 'warning' ? style.warning : style.heading;
    lines.push('', colour(title));
    for (const { what, names, why, remedy } of groups) {
      const shown = names.slice(0, maxNames).join(', ');
      const more = names.length > maxNames ? ` and ${names.length - maxNames} more` : '';
      const text = `${shown}${more}: ${why}.${remedy === undefined ? '' : ` ${sentence(remedy)}`}`;
      lines.push(...columns([[what, printableLine(text)]], width));
    }
  }
  return lines;
}

interface Group {
  readonly what: string;
  readonly names: string[];
  readonly why: string;
  readonly remedy: string | undefined;
}

function groupNotes(notes: readonly ImportNote[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const { what, name, why, remedy } of notes) {
    const key = `${what}\0${why}`;
    const group = groups.get(key);
    if (group) group.names.push(name);
    else groups.set(key, { what, names: [name], why, remedy });
  }
  return [...groups.values()];
}

export function plural(what: string, count: number): string {
  if (count === 1) return what;
  if (/(?:x|ch|s)$/.test(what)) return `${what}es`;
  return what.endsWith('y') ? `${what.slice(0, -1)}ies` : `${what}s`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) || /['"}]$/.test(text) ? text : `${text}.`;
}
