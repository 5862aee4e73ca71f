/** `peakstone up` in a sentence, not the end of a path or of a package's name. */
const commandLines = /(?<![\w@/.-]|npx )peakstone(?= [a-z])/g;

/**
 * The text with its commands as this user can type them: npm's scripts and npx find `peakstone` where a shell does not.
 * Pure.
 * @example asCalled('Stop it: peakstone down', { npm_execpath: '…' }) // 'Stop it: npx peakstone down'
 */
export function asCalled(text: string, env: Readonly<Record<string, string | undefined>>): string {
  return env.npm_execpath ? text.replace(commandLines, 'npx peakstone') : text;
}
