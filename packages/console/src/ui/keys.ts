/** Keys of the shell, and how keys are said: ⌘ on a Mac, Ctrl elsewhere. Areas add their own to the map. */
export const isMac = navigator.platform.startsWith('Mac');
const command = isMac ? '⌘' : 'Ctrl ';

export interface Key {
  readonly label: string;
  readonly says: string;
  matches(event: KeyboardEvent | React.KeyboardEvent): boolean;
}

export function commandKey(key: string, says: string, shift = false): Key {
  const shown = key === 'Enter' ? '↵' : key.length === 1 ? key.toUpperCase() : key;
  return {
    label: `${shift ? '⇧' : ''}${command}${shown}`,
    says,
    matches: event =>
      (isMac ? event.metaKey : event.ctrlKey) &&
      event.shiftKey === shift &&
      !event.altKey &&
      event.key.toLowerCase() === key.toLowerCase(),
  };
}

export const SHELL_KEYS = {
  palette: commandKey('k', 'Open anything'),
} as const;

/** Bare letters are for what is typed where something is. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** Everything that the map shows, an area a group. */
export const keyGroups = new Map<string, readonly Pick<Key, 'label' | 'says'>[]>([
  ['Everywhere', [SHELL_KEYS.palette, { label: '?', says: 'This map' }, { label: 'Esc', says: 'Out' }]],
]);
