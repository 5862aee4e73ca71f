import type { Command } from '../../grammar/command.ts';
import { apply } from './apply.ts';
import { diff } from './diff.ts';
import { down } from './down.ts';
import { hash } from './hash.ts';
import { lint } from './lint.ts';
import { newFile } from './new.ts';
import { set } from './set.ts';
import { squash } from './squash.ts';
import { status } from './status.ts';
import { validate } from './validate.ts';

/** A new one is one file beside this one and one line here. */
export const migrate: Command = {
  name: 'migrate',
  summary: 'versioned migrations: write, check and apply them',
  description:
    'A folder of SQL files, applied in the order of their names, each once. Folder, atlas.sum and the table of revisions are Atlas’, so that either tool may be used on them in turn.',
  commands: [newFile, hash, validate, lint, diff, status, apply, set, down, squash],
  examples: [
    { command: 'peakstone migrate new add_users', does: 'A file to write SQL into' },
    { command: 'peakstone migrate hash && peakstone migrate apply', does: 'Once it is written' },
    { command: 'peakstone migrate status', does: 'What the database has, and what is pending' },
  ],
};
