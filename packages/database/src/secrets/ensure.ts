import { parseEnvFile, quoteEnvValue, updateEnvFile } from '@peakstone/kernel/config';
import { createPrivate, readPrivate, replacePrivate } from './file.ts';
import { generateSecret } from './generate.ts';
import { finishRotation } from './rotate.ts';
import type { EnvVariable, Generate } from './variable.ts';

export interface EnsureOptions {
  /** What the file holds, in its order. */
  readonly variables: readonly EnvVariable[];
  readonly notice?: (text: string) => void;
  /** Whether another process is at a rotation of these secrets: what it has written beside the file is its own to finish. */
  readonly isRotating?: () => boolean;
}

export interface EnsuredSecrets {
  /** All values of the file. Secrets: never to be logged. */
  readonly values: Readonly<Record<string, string>>;
  readonly created: boolean;
  /** Names that were missing and have been added. */
  readonly added: readonly string[];
}

/**
 * Makes the `.env` file once, with secrets of its own, readable by its owner only; on later calls keeps what is there
 * and adds what is missing. Also finishes a rotation that was interrupted.
 * @throws {DatabaseError} PERMISSION_DENIED, DISK_FULL
 * @throws {ConfigError} naming the line that cannot be read.
 */
export function ensureSecrets(file: string, options: EnsureOptions): EnsuredSecrets {
  const { variables, notice = () => {}, isRotating = () => false } = options;
  if (!isRotating()) finishRotation(file, notice);
  const text = readPrivate(file, notice);
  if (text === undefined) {
    const made = renderEnvFile(variables);
    if (createPrivate(file, made)) return { values: parseEnvFile(made), created: true, added: [] };
    // Another first start made it in this moment: its secrets count.
    return ensureSecrets(file, options);
  }
  const values = parseEnvFile(text);
  const missing = variables.filter(variable => isMissing(variable, values));
  if (missing.length === 0) return { values, created: false, added: [] };
  const completed = complete(text, missing);
  replacePrivate(file, completed);
  return { values: parseEnvFile(completed), created: false, added: missing.map(({ name }) => name) };
}

/** The text of a new file: a heading and comments for each group. */
export function renderEnvFile(variables: readonly EnvVariable[]): string {
  const lines = [
    '# Secrets and settings of the stack, made once. Keep this file private; it is not for version control.',
  ];
  let group = '';
  for (const variable of variables) {
    if (variable.group !== group) lines.push('', `# --- ${variable.group} ---`);
    group = variable.group;
    if (variable.comment !== undefined) lines.push(`# ${variable.comment}`);
    lines.push(renderVariable(variable));
  }
  return `${lines.join('\n')}\n`;
}

function renderVariable({ name, value, generate, optional }: EnvVariable): string {
  const text = generate ? generateSecret(generate) : quoteEnvValue(value ?? '');
  return `${optional ? '# ' : ''}${name}=${text}`;
}

/** An empty setting may be meant; an empty secret never is. */
function isMissing(
  { name, generate, optional }: EnvVariable,
  values: Readonly<Record<string, string>>,
): boolean {
  if (optional) return false;
  const value = values[name];
  return value === undefined || (value === '' && generate !== undefined);
}

function complete(text: string, missing: readonly EnvVariable[]): string {
  const known = parseEnvFile(text);
  const filled = missing.filter(({ name }) => name in known);
  const changes = Object.fromEntries(
    filled.map(({ name, generate }) => [name, generateSecret(generate as Generate)]),
  );
  const base = updateEnvFile(text, changes);
  const absent = missing.filter(({ name }) => !(name in known));
  if (absent.length === 0) return base;
  const gap = base === '' || base.endsWith('\n') ? '' : '\n';
  const [, ...added] = renderEnvFile(absent).split('\n');
  return `${base}${gap}${added.join('\n')}`;
}
