/**
 * The part of psql's language that PostgREST's fixtures use, as one script for the simple protocol: included files,
 * variables, conditions on what the server offers, and COPY from data in the script. Effect: reads files.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface ScriptContext {
  /** `:name`, `:"name"` and `:'name'`. */
  readonly variables: Readonly<Record<string, string>>;
  /** The last step: a file's text before it is read. */
  readonly rewrite: (text: string, file: string) => string;
}

export interface ScriptFile {
  readonly file: string;
  readonly sql: string;
}

/** The file and those it includes, in order of execution. */
export function readScript(file: string, context: ScriptContext): ScriptFile[] {
  const files: ScriptFile[] = [];
  const lines = context.rewrite(readFileSync(file, 'utf8'), file).split('\n');
  const kept: string[] = [];
  let skipping = 0;
  const flush = (): void => {
    const text = kept.splice(0).join('\n');
    if (text.trim() !== '') files.push({ file, sql: substitute(text, context.variables) });
  };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    const [, command = '', argument = ''] = /^\\([a-z]+)\s*(.*)$/.exec(line) ?? [];
    // Optional parts ask for extensions that no throw-away server has.
    if (command === 'if') skipping++;
    else if (command === 'endif') skipping--;
    else if (skipping > 0) continue;
    else if (command === 'ir') {
      flush();
      files.push(...readScript(path.resolve(path.dirname(file), argument.trim()), context));
    } else if (command === 'set') continue;
    else if (command !== '') throw new Error(`${file}:${i + 1}: psql's \\${command} is not supported here`);
    else if (/^COPY .* FROM STDIN\b/i.test(line)) {
      const end = lines.indexOf('\\.', i);
      kept.push(insertFromCopy(line, lines.slice(i + 1, end), `${file}:${i + 1}`));
      i = end;
    } else {
      // A query whose result only feeds variables of skipped parts.
      kept.push(/\\gset\s*$/.test(line) ? '' : line);
    }
  }
  flush();
  return files;
}

function substitute(sql: string, variables: Readonly<Record<string, string>>): string {
  let text = sql;
  for (const [name, value] of Object.entries(variables)) {
    text = text
      .replaceAll(`:"${name}"`, `"${value.replaceAll('"', '""')}"`)
      .replaceAll(`:'${name}'`, `'${value.replaceAll("'", "''")}'`)
      .replaceAll(new RegExp(`(?<![:\\w]):${name}\\b`, 'g'), `"${value}"`);
  }
  return text;
}

/** `COPY t (c) FROM STDIN CSV DELIMITER '|'` with its lines, as an INSERT of the same rows. */
function insertFromCopy(command: string, rows: readonly string[], where: string): string {
  const match = /^COPY (.+) FROM STDIN\s+CSV(?: DELIMITER '(.)')?;$/i.exec(command.trim());
  if (!match) throw new Error(`${where}: this form of COPY is not supported here`);
  const [, target = '', delimiter = ','] = match;
  const values = rows.map(row => `(${row.split(delimiter).map(quoteField).join(', ')})`);
  return `INSERT INTO ${target} VALUES ${values.join(',\n')};`;
}

function quoteField(field: string): string {
  if (field.startsWith('"')) throw new Error('Quoted CSV fields are not supported here');
  return field === '' ? 'NULL' : `'${field.replaceAll("'", "''")}'`;
}
