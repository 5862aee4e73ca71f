import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from '@peakstone/stack';
import { type Command, type Context, type Invocation, jsonOption, stackOptions } from '../grammar/command.ts';
import { exitCodes } from '../grammar/errors.ts';
import { wrap } from '../output/columns.ts';
import { renderNotedGrid } from '../output/grid.ts';
import { toJson } from '../output/json.ts';
import { printableLine } from '../output/printable.ts';
import { styleFor, terminalWidth } from '../output/style.ts';
import { projectOf, stackOf } from '../stack.ts';
import { chosen } from './compose.ts';

export const doctor: Command = {
  name: 'doctor',
  summary: 'check machine, ports, data folder, secrets, services and schemas, and say what to do',
  description:
    'Changes nothing. Exit code 4 when something fails; warnings alone are no failure. While the stack runs, also an import that was ended in its middle, and the schemas that its APIs serve, REST or GraphQL: tables without row security, policies whose role lacks the grant, tables of the superuser, functions that visitors may call although nobody granted it to them by name, security definer functions without a search_path, what others have put among PostgreSQL’s own; each with the statement that mends it (sql in --json).',
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
    {
      command: `peakstone doctor --json | jq -r '.[].sql // empty' > mend.sql`,
      does: 'The statements that mend what it found in the database, to read and then run',
    },
  ],
  run: async (invocation, context) => {
    const { options } = invocation;
    const checks = options.deploy
      ? await examineDeployment(invocation, context)
      : await examineHere(invocation, context);
    context.stdout.write(options.json ? `${toJson(checks)}\n` : renderChecks(checks, context));
    return checks.some(check => check.level === 'fail') ? exitCodes.unhealthy : exitCodes.ok;
  },
};

async function examineHere(invocation: Invocation, context: Context): Promise<readonly Check[]> {
  const { examine } = await import('@peakstone/stack');
  return await examine(await stackOf(invocation, context), context.env);
}

/** What is wrong with `.env` before it is deployed; nothing when all is well. */
async function examineDeployment(invocation: Invocation, context: Context): Promise<readonly Check[]> {
  const { checkEnvironment, checkEnvMode, loadProject } = await import('@peakstone/stack/deploy');
  const project = await projectOf(context);
  const { stack, values, envText } = await loadProject(project, context.env, chosen(invocation));
  if (envText === '' && Object.keys(values).length === 0) {
    const todo = 'Make one with every secret: peakstone deploy env';
    return [{ level: 'fail', title: '.env', found: `there is none in ${project}`, todo }];
  }
  const file = join(project, '.env');
  const mode = existsSync(file) ? [checkEnvMode(file)].filter(({ level }) => level !== 'ok') : [];
  const found = checkEnvironment(stack, values, envText).map(
    ({ level, name, message, hint }): Check => ({
      level: level === 'error' ? 'fail' : 'warn',
      title: name,
      found: message,
      todo: hint,
    }),
  );
  return [...mode, ...found];
}

function renderChecks(checks: readonly Check[], { stdout, env, told }: Context): string {
  const style = styleFor(stdout, env);
  const paint = { ok: style.good, warn: style.warning, fail: style.bad };
  const lines = renderNotedGrid(
    checks.map(({ level, title, found, todo }) => ({
      cells: [paint[level](level), title, printableLine(found)],
      below: width =>
        todo === undefined
          ? []
          : wrap(printableLine(todo), width - 2)
              .split('\n')
              .map((part, index) => `${index === 0 ? '→ ' : '  '}${part}`),
    })),
    terminalWidth(stdout),
  );
  const count = (level: Check['level']): number => checks.filter(check => check.level === level).length;
  const [failures, warnings] = [count('fail'), count('warn')];
  if (lines.length > 0) lines.push('');
  lines.push(
    failures + warnings === 0
      ? 'All is well.'
      : `${plural(failures, 'failure')}, ${plural(warnings, 'warning')}.`,
  );
  return told(`${lines.join('\n')}\n`);
}

function plural(count: number, noun: string): string {
  return `${count === 0 ? 'no' : count} ${noun}${count === 1 ? '' : 's'}`;
}
