import type { Interruption } from '../interrupt.ts';

/** What Ctrl-C leaves, by command of `backup`. */
export const interruptions = {
  create: {
    cancelled: 'No backup was added.',
    again: 'What was copied so far is in no list; the stack’s own backups remove it after two days.',
  },
  verify: {
    cancelled: 'Not everything was read; nothing was changed.',
    again: 'Nothing was changed.',
  },
  restore: {
    cancelled: 'The stack’s database is as it was.',
    again:
      'The stack’s database is as it was. A folder beside it with .restoring- in its name may be left, to be removed.',
  },
  restoreInto: {
    cancelled: 'Nothing is left of what was restored.',
    again:
      'A folder with .restoring- in its name may be left beside the one that was asked for, to be removed.',
  },
  test: {
    cancelled: 'The throw-away server is gone; the backup counts as untried.',
    again: 'The throw-away server ends by itself; the backup counts as untried.',
  },
} as const satisfies Record<string, Interruption>;
