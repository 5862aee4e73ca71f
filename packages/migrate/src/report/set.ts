import type { SetPlan } from '../plan/index.ts';

/** As Atlas tells it; nothing when nothing changed. Pure. */
export function renderSet({ version, removed, resolved, added }: SetPlan): string {
  const rows = [
    ...removed.map(each => ({ sign: '-', ...each })),
    ...[...resolved, ...added].map(each => ({ sign: '+', ...each })),
  ].sort((a, b) => (a.version < b.version ? -1 : 1));
  if (rows.length === 0) return '';
  const set = resolved.length + added.length;
  const counts = [
    ...(set > 0 ? [`${set} set`] : []),
    ...(removed.length > 0 ? [`${removed.length} removed`] : []),
  ];
  const head =
    version === null
      ? `All revisions deleted (${rows.length} in total):`
      : `Current version is ${version} (${counts.join(', ')}):`;
  const lines = rows.map(
    row => `  ${row.sign} ${row.version}${row.description === '' ? '' : ` (${row.description})`}`,
  );
  return `${head}\n\n${lines.join('\n')}\n\n`;
}
