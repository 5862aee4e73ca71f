import type { StackSummary } from '@peakstone/stack';
import { renderGrid } from './grid.ts';
import { seconds } from './progress.ts';
import type { Style } from './style.ts';

export interface SummaryOptions {
  readonly style: Style;
  readonly detached: boolean;
  /** Whether only a person reads it. Elsewhere it may be kept, as a container's log is, and the service key must not. */
  readonly terminal: boolean;
  /** Signs in to the console, once; null where there is none to show. */
  readonly link: string | null;
}

/** What a user needs next: addresses, keys to copy, and how to go on. Pure. */
export function renderSummary(
  summary: StackSummary,
  { style, detached, terminal, link }: SummaryOptions,
): string {
  const rows: (readonly [string, string])[] = [
    ...summary.addresses.map(({ title, url }) => [title, url] as const),
    ...(link === null ? [] : [['sign in, once', link] as const]),
    ['anon key', summary.keys.anon],
    ['service key', terminal ? summary.keys.service : 'printed by: peakstone secrets jwt service'],
  ];
  const lines = ['', style.bold(`PeakStone is up, in ${seconds(summary.startedInMs)}.`), ''];
  renderGrid(rows.map(([name, value]) => [style.dim(name), value])).forEach((line, index) => {
    // A gap between what one opens and what one pastes.
    if (index === summary.addresses.length) lines.push('');
    lines.push(`  ${line}`);
  });
  if (summary.off.length > 0)
    lines.push('', style.dim(`  Off by configuration: ${summary.off.map(({ title }) => title).join(', ')}`));
  lines.push(
    '',
    'The service key passes row-level security: keep it on servers. Passwords: peakstone secrets',
    'A database’s address with its password: peakstone url [role], such as peakstone url superuser',
  );
  lines.push(
    detached
      ? 'Stop it: peakstone down. Look at it: peakstone status, peakstone logs -f'
      : 'Ctrl-C stops everything.',
    '',
  );
  return lines.join('\n');
}
