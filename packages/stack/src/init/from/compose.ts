import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnvFile } from '@peakstone/kernel/config';
import { parse } from 'yaml';
import { StackError } from '../../project/errors.ts';
import { readOwn } from '../../project/own.ts';
import { variables } from '../../variables.ts';
import type { Found } from '../project.ts';

const FILES = ['docker-compose.yml', 'docker-compose.yaml', 'compose.yml', 'compose.yaml'] as const;

interface ComposeService {
  readonly environment?: Readonly<Record<string, unknown>> | readonly string[];
}

/**
 * Reads the Compose file and the `.env` of the twelve-image stack. `.env` is kept as it is: the variables are the same.
 * @throws {StackError} `config` where there is none
 */
export function readCompose(folder: string): Found {
  const name = FILES.find(file => existsSync(join(folder, file)));
  if (name === undefined)
    throw new StackError('config', `There is no Compose file in ${folder}.`, {
      hint: 'Go to the folder that holds docker-compose.yml, or name it: peakstone init DIR --from compose',
    });
  const env = join(folder, '.env');
  const values = existsSync(env) ? parseEnvFile(readOwn(env), {}) : {};
  const schemas = readSchemas(join(folder, name), values);
  const known = new Set(variables.map(variable => variable.name));
  const unknown = Object.keys(values).filter(
    variable => !known.has(variable) && !variable.startsWith('PGRST_'),
  );
  return {
    title: name,
    ...(schemas.length > 0 && { schemas }),
    env: {},
    notes: [
      existsSync(env)
        ? `.env is kept, ${Object.keys(values).length} variables with their values; the first start adds what it lacks.`
        : 'There is no .env: the first start makes one with new secrets. Copy the old one here first to keep the old.',
      ...(unknown.length > 0 ? [`Nothing here reads ${unknown.sort().join(', ')}: remove them.`] : []),
      'This starts with an empty database. With the old data in place: docs/deployment.md, "Coming from the twelve-image stack".',
      'Before you deploy: `peakstone doctor --deploy`.',
    ],
  };
}

/** What PostgREST served, wherever in the file it is configured. */
function readSchemas(file: string, values: Readonly<Record<string, string | undefined>>): string[] {
  let services: Readonly<Record<string, ComposeService | null>>;
  try {
    services =
      (parse(readOwn(file), { merge: true }) as { services?: typeof services } | null)?.services ?? {};
  } catch (error) {
    throw new StackError('config', `${file} is not YAML: ${(error as Error).message}`, { cause: error });
  }
  for (const service of Object.values(services)) {
    const text =
      variableOf(service?.environment, 'PGRST_DB_SCHEMAS') ??
      variableOf(service?.environment, 'PGRST_DB_SCHEMA');
    if (text !== undefined)
      return resolveText(text, values)
        .split(/[\s,]+/)
        .filter(Boolean);
  }
  return [];
}

function variableOf(environment: ComposeService['environment'], name: string): string | undefined {
  if (environment === undefined || environment === null) return undefined;
  if (!Array.isArray(environment)) {
    const value = (environment as Readonly<Record<string, unknown>>)[name];
    return value === undefined || value === null ? undefined : String(value);
  }
  const line = (environment as readonly string[]).find(entry => entry.startsWith(`${name}=`));
  return line?.slice(name.length + 1);
}

/** `${NAME}`, `${NAME:-default}` and `$NAME`, as Compose fills them in. */
function resolveText(text: string, values: Readonly<Record<string, string | undefined>>): string {
  return text.replaceAll(
    /\$\{(\w+)(?::?-([^}]*))?\}|\$(\w+)/g,
    (_, braced, fallback, bare) => values[braced ?? bare] || (fallback ?? ''),
  );
}
