import type { Check } from '@peakstone/stack';
import { type Command, type Context, jsonOption, stackOptions } from '../grammar/command.ts';
import { exitCodes } from '../grammar/errors.ts';
import { wrap } from '../output/columns.ts';
import { styleFor, terminalWidth } from '../output/style.ts';
import { examineDeployment } from './deploy.ts';
import { dataFolder } from './down.ts';

export const doctor: Command = {
  name: 'doctor',
  summary: 'check machine, ports, data folder, secrets and services, and say what to do',
  description: 'Changes nothing. Exit code 4 when something fails; warnings alone are no failure.',
  options: {
    deploy: {
      kind: 'flag',
      summary: 'Check .env for a deployment instead: secrets, key lengths, pools, open ports',
    },
    ...stackOptions,
    ...jsonOption,
  },
  examples: [
    { command: 'peakstone doctor', does: 'Before the first start, or when something is odd' },
    {
      command: `peakstone doctor --json | jq '.[] | select(.level != "ok")'`,
      does: 'Only what needs attention',
    },
  ],
  run: async (invocation, context) => {
    const { options } = invocation;
    if (options.deploy) return examineDeployment(invocation, context);
    const { examine, stackPaths } = await import('@peakstone/stack');
    const checks = await examine(stackPaths(context.cwd, dataFolder(options, context.env)), context.env);
    context.stdout.write(options.json ? `${JSON.stringify(checks)}\n` : renderChecks(checks, context));
    return checks.some(check => check.level === 'fail') ? exitCodes.unhealthy : exitCodes.ok;
  },
};

function renderChecks(checks: readonly Check[], { stdout, env }: Context): string {
  const style = styleFor(stdout, env);
  const paint = { ok: style.good, warn: style.warning, fail: style.bad };
  const titleWidth = Math.max(...checks.map(check => check.title.length));
  const indent = ' '.repeat(titleWidth + 8);
  const lines = checks.flatMap(({ level, title, found, todo }) => {
    const line = `${paint[level](level.padEnd(4))}  ${title.padEnd(titleWidth)}  ${found}`;
    if (todo === undefined) return [line];
    return [
      line,
      ...wrap(todo, terminalWidth(stdout) - indent.length - 2)
        .split('\n')
        .map((part, index) => `${indent}${index === 0 ? '→ ' : '  '}${part}`),
    ];
  });
  const count = (level: Check['level']): number => checks.filter(check => check.level === level).length;
  const [failures, warnings] = [count('fail'), count('warn')];
  lines.push(
    '',
    failures + warnings === 0
      ? 'All is well.'
      : `${plural(failures, 'failure')}, ${plural(warnings, 'warning')}.`,
  );
  return `${lines.join('\n')}\n`;
}

function plural(count: number, noun: string): string {
  return `${count === 0 ? 'no' : count} ${noun}${count === 1 ? '' : 's'}`;
}
