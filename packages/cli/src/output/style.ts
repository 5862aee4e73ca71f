import type { Context } from '../grammar/command.ts';

/** Colours, or the same functions leaving text as it is. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly heading: (text: string) => string;
}

const same = (text: string): string => text;
export const plainStyle: Style = {
  bold: same,
  dim: same,
  good: same,
  warning: same,
  bad: same,
  heading: same,
};

const code =
  (on: number, off: number) =>
  (text: string): string =>
    `\u001b[${on}m${text}\u001b[${off}m`;
const colourStyle: Style = {
  bold: code(1, 22),
  dim: code(2, 22),
  good: code(32, 39),
  warning: code(33, 39),
  bad: code(31, 39),
  heading: code(1, 22),
};

/**
 * Colours for a terminal; none elsewhere, with NO_COLOR or on a dumb terminal. FORCE_COLOR (not 0) turns them on.
 * @see https://no-color.org
 */
export function styleFor(stream: NodeJS.WriteStream, env: Context['env']): Style {
  if (env.NO_COLOR) return plainStyle;
  if (env.FORCE_COLOR && env.FORCE_COLOR !== '0') return colourStyle;
  return stream.isTTY && env.TERM !== 'dumb' ? colourStyle : plainStyle;
}

/** Columns of the terminal, at most 100 so that prose stays readable; 80 where there is none. */
export function terminalWidth(stream: NodeJS.WriteStream): number {
  return Math.min(100, Math.max(40, stream.columns || 80));
}
