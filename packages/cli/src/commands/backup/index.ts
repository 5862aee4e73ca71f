import type { Command } from '../../grammar/command.ts';
import { create } from './create.ts';
import { list } from './list.ts';
import { restore } from './restore.ts';
import { schedule } from './schedule.ts';
import { serve } from './serve.ts';
import { takeover } from './takeover.ts';
import { test } from './test.ts';
import { verify } from './verify.ts';

export const backup: Command = {
  name: 'backup',
  summary: 'back the database up, and restore it to any moment',
  commands: [create, list, verify, restore, test, schedule, takeover, serve],
  examples: [
    { command: 'peakstone backup schedule on', does: 'From now on, by itself' },
    { command: 'peakstone backup create', does: 'One now' },
    { command: 'peakstone backup restore --to 2026-11-27T21:05:00Z --into ./then', does: 'As it was then' },
  ],
};
