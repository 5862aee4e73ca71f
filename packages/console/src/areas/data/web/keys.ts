import { commandKey, keyGroups } from '../../../ui/keys.ts';

export const DATA_KEYS = {
  commit: commandKey('s', 'Write the changes'),
  review: commandKey('s', 'Review the changes', true),
} as const;
keyGroups.set('Data', [
  ...Object.values(DATA_KEYS),
  { label: '/', says: 'Filter' },
  { label: '↵', says: 'Edit the cell' },
  { label: 'Del', says: 'NULL in the cell' },
]);
