import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { root } from './commands/index.ts';
import type { Command, Context } from './grammar/command.ts';
import { runCommandLine } from './run.ts';

/** A name that only the PATH could have. */
const bare = /(?<![\w@/.-])peakstone (?:[a-z_]|--|COMMAND|\[)/;

async function run(...argv: string[]): Promise<string> {
  const stream = Object.assign(new PassThrough(), { isTTY: false, columns: 80 });
  const [stdout, stderr] = [stream, stream] as unknown as NodeJS.WriteStream[];
  const context = {
    env: { PEAKSTONE_CALLED: './peakstone' },
    cwd: '/',
    stdin: process.stdin,
    stdout,
    stderr,
  };
  await runCommandLine(argv, context as unknown as Context);
  return String(stream.read() ?? '');
}

function pathsOf(command: Command, path: readonly string[] = []): string[][] {
  const below = (command.commands ?? []).flatMap(child => pathsOf(child, [...path, child.name]));
  return command.raw ? below : [[...path], ...below];
}

describe('whatever a command says', () => {
  it('names commands as they were called, in the help of each', async () => {
    for (const path of pathsOf(root)) {
      const help = await run(...path, '--help');
      assert.match(help, /\.\/peakstone/, path.join(' '));
      assert.doesNotMatch(help, bare, path.join(' '));
    }
  });

  it('names them so in what goes wrong, whoever wrote the words', async () => {
    for (const argv of [
      ['sql'],
      ['sql', '--json', '--csv'],
      ['nothing'],
      ['up', '--nothing'],
      ['down'],
      [],
    ]) {
      const told = await run(...argv, ...(argv[0] === 'down' ? ['--data', '/nowhere'] : []));
      assert.notEqual(told, '');
      assert.doesNotMatch(told, bare, argv.join(' '));
    }
  });
});
