import type { Connection, Site } from '@peakstone/stack/objects';
import type { Context, Invocation } from '../grammar/command.ts';
import { CliError, UsageError } from '../grammar/errors.ts';
import { renderGrid } from '../output/grid.ts';
import { printableLine } from '../output/printable.ts';
import { siteOptions, wholeCalls, withSites } from './open.ts';

/** Options of commands that administer a server. */
export const serverOptions = {
  at: {
    kind: 'text',
    value: 'SERVER',
    summary: 'Another server than the stack’s: ALIAS (MC_HOST_ALIAS, or mc’s own) or https://HOST',
  },
  ...siteOptions,
} as const;

/** Does `work` with the server that is meant, as its administrator. */
export async function withServer(
  invocation: Invocation,
  context: Context,
  work: (connection: Connection) => Promise<number>,
): Promise<number> {
  return await withSites(invocation, context, wholeCalls, async connect =>
    work(await connect(siteOf(invocation.options.at))),
  );
}

export function siteOf(at: unknown): Site {
  if (typeof at !== 'string') return { kind: 'stack' };
  const origin = /^(https?:\/\/[^/@]+)\/?$/.exec(at)?.[1];
  if (origin !== undefined) return { kind: 'url', origin };
  if (!/^[A-Za-z][\w.-]*:?$/.test(at))
    throw new UsageError('--at takes an alias or https://HOST, without keys.');
  return { kind: 'alias', name: at.replace(/:$/, '') };
}

/** A heading and rows, a line each. Pure. */
export function tableText(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [heading, ...rows.map(row => row.map(printableLine))];
  return renderGrid(cells)
    .map(line => `${line}\n`)
    .join('');
}

/** A word of the command line; those that are needed are there. */
export function wordOf({ arguments: words }: Invocation, at = 0): string {
  return words[at] ?? '';
}

/** A document that the user named; `-` is standard input. @throws {CliError} it is no JSON */
export async function readDocument(file: string, context: Context): Promise<string> {
  const { readFileSync } = await import('node:fs');
  const { resolve } = await import('node:path');
  const text = file === '-' ? await readInput(context) : readFileSync(resolve(context.cwd, file), 'utf8');
  try {
    JSON.parse(text);
  } catch (cause) {
    throw new CliError(`${file} is no JSON: ${(cause as Error).message}.`, {
      hint: 'A policy is a JSON document of statements with Effect, Action and Resource.',
      cause,
    });
  }
  return text;
}

/** The first line of standard input, for a secret. */
export async function readSecretLine(context: Context): Promise<string> {
  const line = (await readInput(context)).split('\n')[0]!.replace(/\r$/, '');
  if (line.length < 8)
    throw new UsageError('A secret key has at least 8 characters, on one line of standard input.');
  return line;
}

async function readInput({ stdin }: Context): Promise<string> {
  let text = '';
  for await (const piece of stdin.setEncoding('utf8')) text += piece;
  return text;
}
