import type { History } from './history.ts';

/** Of a database that is thrown away: remembers nothing. */
export const noHistory: History = {
  table: 'none',
  schema: '',
  name: '',
  keepsParts: true,
  read: async () => null,
  prepare: async () => undefined,
  write: () => 'select',
  remove: () => 'select',
};
