/**
 * A path into a JSON column, in steps; a text says what is wrong with it. Pure.
 * @example parseColumnPath('$.a[0]["b c"]') // ['a', '0', 'b c']
 */
export function parseColumnPath(text: string): readonly string[] | string {
  if (text === '$') return [];
  const steps: string[] = [];
  const pattern = /\.?([A-Za-z_][A-Za-z0-9_-]*)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\['((?:[^'\\]|\\.)*)'\]/y;
  pattern.lastIndex = text.startsWith('$') ? 1 : 0;
  if (pattern.lastIndex === text.length) return invalid(text);
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (!match) return invalid(text);
    const [, name, index, double, single] = match;
    steps.push(name ?? index ?? unescapeQuoted(double ?? single!));
  }
  return steps;
}

function unescapeQuoted(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}

function invalid(text: string): string {
  return `${text}. Accept letters, digits, underscore (_) or hyphen (-) only. Use quotes enclosed in bracket (["..."]) if there is any special character`;
}
