import { resolve } from 'node:path';
import type { Command } from '../grammar/command.ts';
import { exitCodes } from '../grammar/errors.ts';
import { asCalled } from '../output/called.ts';
import { styleFor } from '../output/style.ts';

export const init: Command = {
  name: 'init',
  summary: 'make a project folder',
  description:
    'Writes peakstone.config.ts, migrations/, seed.sql, .gitignore and a README, and nothing over a file that is there. --from reads what another stack’s project says; its files stay as they are.',
  arguments: [{ name: 'DIR', summary: 'The folder (default: this one)', required: false }],
  options: {
    from: {
      kind: 'text',
      value: 'WHAT',
      summary: 'Take over a project: its schemas and settings, and what to do about the rest',
      choices: ['supabase', 'hasura', 'compose'],
    },
    example: { kind: 'text', value: 'NAME', summary: 'Copy an example into it (lighthouses)' },
  },
  examples: [
    { command: 'peakstone init', does: 'This folder, with a first table' },
    {
      command: 'peakstone init shop --example lighthouses',
      does: 'A new one, with 18 tables and 200,000 rows',
    },
    { command: 'peakstone init --from supabase', does: 'Beside supabase/config.toml' },
  ],
  run: async ({ options, arguments: [folder = '.'] }, context) => {
    const { initProject, origins } = await import('@peakstone/stack/init');
    const say = (text: string) => asCalled(text, context.env, context.cwd);
    const { made, kept, notes, next } = initProject({
      folder: resolve(context.cwd, folder),
      from: origins.find(origin => origin === options.from),
      example: options.example as string | undefined,
      asCalled: say,
    });
    const style = styleFor(context.stdout, context.env);
    const there = folder === '.' ? [] : [`cd ${folder}`];
    const lines = [
      ...made.map(path => `${style.good('✓')} ${path}`),
      ...kept.map(path => `${style.dim('·')} ${path} ${style.dim('is there, and stays as it is')}`),
      ...(notes.length > 0 ? ['', 'Still to do:', ...notes.map(note => `- ${note}`)] : []),
      '',
      'Next:',
      ...[...there, ...next].map(command => `  ${command}`),
    ];
    context.stdout.write(say(`${lines.join('\n')}\n`));
    return exitCodes.ok;
  },
};
