import { padded } from './grid.ts';
import { displayWidth } from './width.ts';

/** Two columns, the right one wrapped under itself; `width` in terminal columns. Pure. */
export function columns(rows: readonly (readonly [left: string, right: string])[], width: number): string[] {
  const left = Math.min(34, Math.max(0, ...rows.map(([text]) => displayWidth(text))));
  const indent = ' '.repeat(left + 4);
  return rows.flatMap(([name, text]) => {
    const lines = wrap(text, Math.max(30, width - left - 4)).split('\n');
    const first = `  ${padded(name, left)}  `;
    if (displayWidth(name) > left) return [first.trimEnd(), ...lines.map(line => indent + line)];
    return lines.map((line, index) => (index === 0 ? first : indent) + line);
  });
}

/** Breaks at spaces so that no line is wider than `width`, unless a single word is. Pure. */
export function wrap(text: string, width: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines.join('\n');
}
