import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnvFile } from '@peakstone/kernel/config';
import { parse } from 'yaml';
import { StackError } from '../../project/errors.ts';
import { readOwn } from '../../project/ownership.ts';
import { services } from '../../services/index.ts';
import { variables } from '../../variables.ts';
import type { Found } from '../project.ts';
import { resolveText, type Values } from './composeText.ts';

const FILES = ['docker-compose.yml', 'docker-compose.yaml', 'compose.yml', 'compose.yaml'] as const;

interface ComposeService {
  readonly image?: string;
  readonly build?: unknown;
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
  const composed = readServices(join(folder, name));
  const all = Object.values(composed).map(service => settingsOf(service, values));
  const schemas = (valueIn(all, 'PGRST_DB_SCHEMAS') ?? valueIn(all, 'PGRST_DB_SCHEMA') ?? '')
    .split(/[\s,]+/)
    .filter(Boolean);
  const known = new Set(variables.map(variable => variable.name));
  const unknown = Object.keys(values).filter(
    variable => !known.has(variable) && !variable.startsWith('PGRST_'),
  );
  const others = Object.entries(composed).flatMap(([service, found]) => {
    if (!found || !(found.image ?? found.build)) return [];
    const image = found.image && resolveText(found.image, values);
    return isOurs(service, image) ? [] : [{ service, what: image || (found.image ?? 'built from source') }];
  });
  return {
    title: name,
    ...(schemas.length > 0 && { schemas }),
    env: takenOver(all, values),
    notes: [
      existsSync(env)
        ? `.env is kept, ${Object.keys(values).length} variables with their values; the first start adds what it lacks.`
        : 'There was no .env: the first start makes new secrets. Copy the old one here first to keep the old.',
      ...(unknown.length > 0 ? [`Nothing here reads ${unknown.sort().join(', ')}: remove them.`] : []),
      ...visitorNotes(valueIn(all, 'PGRST_DB_ANON_ROLE')),
      ...others.map(
        ({ service, what }) =>
          `Not taken over: the service ${service} (${what}). Run it from a Compose file of its own.`,
      ),
      'This starts with an empty database. With the old data in place: docs/deployment.md, "10. From the original twelve-image stack".',
      'Before you deploy: `peakstone doctor --deploy`.',
    ],
  };
}

type Settings = ReadonlyMap<string, string>;

/** What the stack sets itself, by where its parts are; the schemas are in the configuration. */
const OWN =
  /^PGRST_(?:DB_(?:URI|SCHEMAS?|ANON_ROLE|POOL\w*|CHANNEL\w*|CONFIG)|JWT_SECRET|OPENAPI_SERVER_PROXY_URI|SERVER_\w+|ADMIN_\w+)$/;
/** Of other services: what the database and its tokens were called. */
const SHARED = ['POSTGRES_DB', 'JWT_SECRET'];

/** What PostgREST and the database were told in the Compose file itself and not by `.env`. */
function takenOver(all: readonly Settings[], values: Values): Record<string, string> {
  const names = new Set(all.flatMap(settings => [...settings.keys()]));
  const wanted = [...names].filter(
    name => SHARED.includes(name) || (name.startsWith('PGRST_') && !OWN.test(name)),
  );
  const found = wanted.sort().map(name => [name, valueIn(all, name) ?? ''] as const);
  const secret = valueIn(all, 'PGRST_JWT_SECRET');
  if (secret && !names.has('JWT_SECRET')) found.push(['JWT_SECRET', secret]);
  return Object.fromEntries(found.filter(([name, value]) => value !== '' && values[name] !== value));
}

function visitorNotes(role: string | undefined): string[] {
  if (role === undefined || role === '' || role === 'web_anon') return [];
  return [
    `Visitors were ${role} (PGRST_DB_ANON_ROLE) and are web_anon here: grant web_anon what ${role} had.`,
  ];
}

/** What the original's services are called. */
const ORIGINAL = new Set(['minio-init', ...services.flatMap(({ name, aliases }) => [...aliases, name])]);
/** Programs that take no part here, because what they did is done. */
const REPLACED = ['postgres', 'nginx', 'caddy', 'promtail'];

/**
 * By the program of its image: one that the stack has in its table, or another's of the same work. By its name in the original
 * where the image is built, or a variable names it that is not set.
 */
function isOurs(service: string, image: string | undefined): boolean {
  if (!image) return ORIGINAL.has(service);
  const programs = services.flatMap(({ image }) => (image ? [programOf(image.pin)] : []));
  return [...programs, ...REPLACED].includes(programOf(image));
}

/** `quay.io/minio/minio:RELEASE…` is minio. */
function programOf(image: string): string {
  return image.replace(/^.*\//, '').replace(/[:@].*$/, '');
}

function readServices(file: string): Readonly<Record<string, ComposeService | null>> {
  try {
    const parsed = parse(readOwn(file), { merge: true }) as {
      services?: Readonly<Record<string, ComposeService | null>> | null;
    } | null;
    return parsed?.services ?? {};
  } catch (error) {
    throw new StackError('config', `${file} is not YAML: ${(error as Error).message}`, { cause: error });
  }
}

/** What a service is told, with Compose's variables filled in; in either of the ways that Compose has. */
function settingsOf(service: ComposeService | null, values: Values): Settings {
  const environment = service?.environment ?? {};
  const entries = Array.isArray(environment)
    ? (environment as readonly string[])
        .filter(line => line.includes('='))
        .map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const)
    : Object.entries(environment).filter(([, value]) => value !== null && value !== undefined);
  return new Map(entries.map(([name, value]) => [name, resolveText(String(value), values)]));
}

/** Wherever in the file it is configured. */
function valueIn(all: readonly Settings[], name: string): string | undefined {
  return all.find(settings => settings.has(name))?.get(name);
}
