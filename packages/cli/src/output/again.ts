import { shellWord } from './called.ts';

/** What `up` and `down` need besides, to mean the stack that a command is about, and to start it as it was. */
export interface Again {
  /** The data folder that this command named. */
  readonly data: string | undefined;
  /** Options of the last start. */
  readonly start: readonly string[];
}

/** Not where the sentence has options of its own, nor the end of a path. */
const commands = /(?<![\w@/.-])peakstone (up|down)(?![\w-])(?! +-)/g;

/**
 * The text with `peakstone up` as the stack was started last: without its options it would come back on other ports.
 * @param again called where the text has such a command
 * @example againAs('peakstone down, then peakstone up', () => ({ data: undefined, start: ['--port-base', '9000'] }))
 * // 'peakstone down, then peakstone up --port-base 9000'
 */
export function againAs(text: string, again: () => Again): string {
  if (text.search(commands) < 0) return text;
  const { data, start } = again();
  const named = data === undefined ? [] : ['--data', data];
  return text.replace(commands, (command, name: string) =>
    [command, ...[...named, ...(name === 'up' ? start : [])].map(shellWord)].join(' '),
  );
}
