import type { Command } from '../grammar/command.ts';
import { exitCodeMeanings, UsageError } from '../grammar/errors.ts';
import { parseCommandLine } from '../grammar/parse.ts';
import { columns } from '../output/columns.ts';
import { renderHelp } from '../output/help.ts';
import { styleFor, terminalWidth } from '../output/style.ts';

export const help: Command = {
  name: 'help',
  summary: 'show the help of a command, or what the exit codes mean',
  arguments: [{ name: 'COMMAND', summary: 'a command, or exit-codes', required: false, many: true }],
  examples: [
    { command: 'peakstone help secrets rotate', does: 'The same as peakstone secrets rotate --help' },
    { command: 'peakstone help exit-codes', does: 'What a script may rely on' },
  ],
  run: async ({ arguments: words, root }, { stdout, env }) => {
    const width = terminalWidth(stdout);
    if (words[0] === 'exit-codes') {
      stdout.write(
        `${columns(
          exitCodeMeanings.map(([code, meaning]) => [String(code), meaning]),
          width,
        ).join('\n')}\n`,
      );
      return 0;
    }
    const raw = root.commands?.find(command => command.raw && command.name === words[0]);
    const path = raw ? [root, raw] : parseCommandLine(root, [...words, '--help']).path;
    if (words.some(word => word.startsWith('-'))) throw new UsageError('help takes names of commands only.');
    stdout.write(renderHelp(path, styleFor(stdout, env), width));
    return 0;
  },
};
