/** The part of TOML that Supabase's `config.toml` is written in: tables, and strings, numbers, booleans and lists of them. */

export type TomlValue = string | number | boolean | readonly TomlValue[];

/** Values by table, then by key; keys above the first table are in the table `''`. */
export type Toml = ReadonlyMap<string, ReadonlyMap<string, TomlValue>>;

/** Reads what it knows and passes over the rest (dates, inline tables). Pure. */
export function parseToml(text: string): Toml {
  const tables = new Map<string, Map<string, TomlValue>>([['', new Map()]]);
  let table = tables.get('') as Map<string, TomlValue>;
  const lines = text.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    const line = withoutComment(lines[i] as string);
    const header = /^\[([^[\]]+)\]$/.exec(line)?.[1];
    if (header !== undefined) {
      table = tables.get(header) ?? new Map();
      tables.set(header, table);
      continue;
    }
    const [, key, start] = /^([\w-]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (key === undefined || start === undefined) continue;
    let source = start;
    while (source.startsWith('[') && !isClosed(source) && i + 1 < lines.length)
      source += ` ${withoutComment(lines[++i] as string)}`;
    const value = parseValue(source);
    if (value !== undefined) table.set(key, value);
  }
  return tables;
}

/** A hash sign outside of strings begins a comment. */
function withoutComment(line: string): string {
  return (/^(?:[^#"']|"(?:[^"\\]|\\.)*"|'[^']*')*/.exec(line)?.[0] ?? '').trim();
}

function isClosed(list: string): boolean {
  return list.replaceAll(/"(?:[^"\\]|\\.)*"|'[^']*'/g, '').includes(']');
}

function parseValue(source: string): TomlValue | undefined {
  if (source === 'true' || source === 'false') return source === 'true';
  if (/^[+-]?[\d_]+(?:\.\d+)?$/.test(source)) return Number(source.replaceAll('_', ''));
  if (/^"(?:[^"\\]|\\["\\nt])*"$/.test(source)) return JSON.parse(source) as string;
  if (/^'[^']*'$/.test(source)) return source.slice(1, -1);
  if (!source.startsWith('[')) return undefined;
  const items = source.slice(1, source.lastIndexOf(']')).match(/"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,]+/g) ?? [];
  return items.map(item => parseValue(item)).filter(value => value !== undefined);
}
