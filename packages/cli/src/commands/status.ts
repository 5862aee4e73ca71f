import type { StatusReply } from '@peakstone/stack';
import { type Command, type Context, jsonOption, stackOptions } from '../grammar/command.ts';
import { exitCodes } from '../grammar/errors.ts';
import { renderGrid } from '../output/grid.ts';
import { toJson } from '../output/json.ts';
import { printableLine } from '../output/printable.ts';
import { seconds } from '../output/progress.ts';
import { styleFor } from '../output/style.ts';
import { stackOf } from '../stack.ts';

export const status: Command = {
  name: 'status',
  summary: 'show what runs, where, and how it is',
  description:
    'Exit code 0 when every service is healthy, 4 when one is not, or when migrations that failed at the start are pending; 3 when no stack runs in this folder.',
  options: { ...stackOptions, ...jsonOption },
  examples: [
    { command: 'peakstone status', does: 'A table for people' },
    { command: 'peakstone status --json | jq .services', does: 'The same for programs' },
  ],
  run: async ({ options }, context) => {
    const { findRemains, stackStatus, StackError } = await import('@peakstone/stack');
    const paths = await stackOf({ options }, context);
    try {
      const found = await stackStatus(paths, context.env);
      context.stdout.write(
        options.json ? `${toJson({ running: true, ...found })}\n` : renderStatus(found, context),
      );
      return found.healthy ? exitCodes.ok : exitCodes.unhealthy;
    } catch (error) {
      // Programs that asked for JSON get some: not running is an answer.
      if (!options.json || !(error instanceof StackError) || error.code !== 'notRunning') throw error;
      const remains = await findRemains(paths, context.env);
      context.stdout.write(`${toJson({ running: false, remains })}\n`);
      return exitCodes.notRunning;
    }
  },
};

function renderStatus(found: StatusReply, context: Context): string {
  const style = styleFor(context.stdout, context.env);
  const colourOf = (state: string): ((text: string) => string) =>
    state === 'healthy' ? style.good : state === 'unhealthy' ? style.bad : style.warning;
  const [head, ...rows] = renderGrid([
    ['SERVICE', 'STATE', 'FOR', 'RESTARTS', 'ADDRESS'].map(style.dim),
    ...found.services.map(service => [
      service.name,
      colourOf(service.state)(service.state),
      service.healthySince && service.state === 'healthy'
        ? duration(Date.now() - Date.parse(service.healthySince))
        : '',
      restartsOf(service),
      service.url ?? '',
    ]),
    ...found.off.map(({ name }) => [name, style.dim('off'), '', '', style.dim('by configuration')]),
  ]) as [string, ...string[]];
  const lines = [head];
  found.services.forEach((service, index) => {
    lines.push(rows[index]!);
    if (service.adminUrl) lines.push(`  administrator: ${service.adminUrl}`);
    if (service.reason) lines.push(`  ${printableLine(service.reason)}`);
    if (service.outdatedSecrets.length > 0)
      lines.push(
        style.warning(
          `  Changed since it began, and not taken over yet: ${service.outdatedSecrets.join(', ')}. Then: peakstone restart ${service.name}`,
        ),
      );
    if (service.elsewhere)
      lines.push(
        '  The cause is in what it depends on: it is well again when that is, and is not restarted.',
      );
  });
  found.off.forEach(({ missed }, index) => {
    lines.push(rows[found.services.length + index]!);
    if (missed !== undefined) lines.push(style.warning(`  ${printableLine(missed)}`));
  });
  if (found.migrations !== null)
    lines.push(
      '',
      style.bad(printableLine(`Migrations were not applied at the start: ${found.migrations}`)),
      'Mend it, then: peakstone migrate apply',
    );
  lines.push(
    '',
    'A database’s address with its password: peakstone url [role], such as peakstone url superuser',
    `Process ${found.pid}, up for ${duration(Date.now() - Date.parse(found.startedAt))}, data in ${found.data}`,
    ...Object.entries(found.elsewhere).map(
      ([service, folder]) =>
        `Data of ${service} are in ${folder}: a copy or removal of ${found.data} leaves them out.`,
    ),
  );
  if (found.isOtherVersion)
    lines.push(
      style.warning(
        'Another version of PeakStone runs this stack than this command is of; some of the above it may not tell: peakstone down, then peakstone up',
      ),
    );
  if (found.moved)
    lines.push(
      style.warning(
        'The folder was moved while the stack ran, which logs and restarts nothing since: peakstone down, then peakstone up',
      ),
    );
  else if (found.droppedLogLines > 0)
    lines.push(style.warning(`${found.droppedLogLines} log lines could not be written: is the disk full?`));
  return context.told(`${lines.join('\n')}\n`);
}

/** `0`, `2`, `2, 1 asked for`: what happened by itself comes first. */
function restartsOf({ restarts, restartsOnRequest }: StatusReply['services'][number]): string {
  return restartsOnRequest === 0 ? String(restarts) : `${restarts}, ${restartsOnRequest} asked for`;
}

/** `12 s`, `5 min`, `3 h 20 min`, `2 d 4 h`. */
export function duration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return seconds(Math.max(0, ms));
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${Math.floor(hours / 24)} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
