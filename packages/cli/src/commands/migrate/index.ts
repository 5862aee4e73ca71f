import type { Command } from '../../grammar/command.ts';
import { hash } from './hash.ts';
import { lint } from './lint.ts';
import { validate } from './validate.ts';

/** A new one is one file beside this one and one line here. */
export const migrate: Command = {
  name: 'migrate',
  summary: 'versioned migrations: write, check and apply them',
  description:
    'A folder of SQL files, applied in the order of their names, each once. Folder, atlas.sum and the table of revisions are Atlas’, so that either tool may be used on them in turn.',
  commands: [hash, validate, lint],
  examples: [{ command: 'peakstone migrate validate', does: 'Whether the folder is as its sums say' }],
};
