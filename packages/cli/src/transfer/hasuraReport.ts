import type { HasuraImportReport } from '@peakstone/stack/graphql/import';
import type { Style } from '../output/style.ts';
import { plural, renderImport, renderNotes } from './report.ts';

/** What the import of a Hasura project did, and did not, for people. Pure. */
export function renderHasuraImport(report: HasuraImportReport, style: Style, width: number): string {
  const { dryRun, database, migrations, metadata, notes } = report;
  const counts = Object.entries(metadata).map(([what, count]) => `${count} ${plural(what, count)}`);
  const count = migrations.length;
  const lines = [
    ...(database ? [renderImport(database, style, width).trimEnd(), ''] : []),
    ...(count > 0
      ? [
          `${dryRun ? 'Would run' : 'Ran'} ${count} ${plural('migration', count)}, up to ${migrations.at(-1)}.`,
        ]
      : []),
    `${dryRun ? 'Would apply' : 'Applied'} the metadata: ${counts.join(', ')}.`,
    ...renderNotes(notes, style, width),
  ];
  return `${lines.join('\n')}\n`;
}
