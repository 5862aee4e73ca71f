import type { Command } from '../grammar/command.ts';

const shells = ['bash', 'zsh', 'fish'] as const;

export const completions: Command = {
  name: 'completions',
  summary: 'print a completion script for a shell',
  description: 'For the command itself, as ./peakstone in a clone, and after npx in a project that has it.',
  arguments: [{ name: 'SHELL', summary: 'bash, zsh or fish', choices: shells }],
  examples: [
    { command: 'source <(peakstone completions bash)', does: 'In ~/.bashrc' },
    { command: 'source <(peakstone completions zsh)', does: 'In ~/.zshrc, after compinit' },
    { command: 'peakstone completions fish > ~/.config/fish/completions/peakstone.fish', does: 'Once' },
  ],
  run: async ({ arguments: [shell], root }, { stdout }) => {
    const { renderCompletions } = await import('../completions/render.ts');
    stdout.write(renderCompletions(root, shell as (typeof shells)[number]));
    return 0;
  },
};
