import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPool, createPrivilegedPool, PgError, type Pool, quoteLiteral } from '@peakstone/kernel/pg';
import { StackError } from '../project/errors.ts';
import { assertOwnBelow } from '../project/ownership.ts';
import type { Facts } from '../services/local.ts';
import type { OnStackEvent } from './events.ts';
import { runScript } from './exampleScript.ts';

/** One step of loading an example; steps run in order, each once. */
export type ExampleStep =
  /** A file of SQL, run as db_migrator in one transaction. */
  | { readonly title: string; readonly sql: string }
  /** A TypeScript or JavaScript file, run by Node with DATABASE_URL of db_migrator; each line it prints is progress. Must bear to be run again. */
  | { readonly title: string; readonly run: string };

/** `examples/NAME/example.json`. */
export interface ExampleManifest {
  readonly title: string;
  readonly description?: string;
  /** Those that it is in, besides the project's own; served together with them while it is loaded. */
  readonly schemas?: readonly string[];
  readonly steps: readonly ExampleStep[];
}

/** An example that is there and whose manifest is right. */
export interface Example {
  readonly name: string;
  readonly folder: string;
  readonly manifest: ExampleManifest;
}

/** @throws {StackError} `example`: there is none of that name, or its manifest is wrong. */
export function findExample(project: string, name: string): Example {
  const folder = exampleFolder(project, name);
  return { name, folder, manifest: readManifest(folder, name) };
}

/**
 * Loads an example into the stack's database. What has been loaded is remembered there, step by step, so that it is
 * loaded once, and an interrupted load goes on where it stopped.
 * @throws {StackError} `example` when a step fails, `aborted`.
 */
export async function loadExample(
  { folder, name, manifest }: Example,
  database: Facts,
  signal: AbortSignal,
  onEvent: OnStackEvent,
): Promise<void> {
  const pool = createPrivilegedPool({ url: database.databaseAdminUrl ?? '', name: 'peakstone example' });
  const began = performance.now();
  try {
    await pool.script(
      `create table if not exists peakstone.example_steps (
         example text, step text, hash text not null, loaded_at timestamptz not null default now(), primary key (example, step));
       revoke all on peakstone.example_steps from public;
       grant usage on schema peakstone to db_migrator;
       grant insert on peakstone.example_steps to db_migrator`,
    );
    const done = await stepsDone(pool, name);
    let loaded = 0;
    for (const step of manifest.steps) {
      if (signal.aborted)
        throw new StackError('aborted', 'The start was interrupted; everything is stopped again.');
      const file = 'sql' in step ? step.sql : step.run;
      const hash = createHash('sha256')
        .update(readFileSync(join(folder, file)))
        .digest('hex');
      const before = done.get(file);
      if (before === undefined) {
        onEvent({ kind: 'step', service: `example ${name}`, text: step.title });
        await runStep({
          pool,
          name,
          folder,
          file,
          hash,
          step,
          migratorUrl: database.databaseMigratorUrl ?? '',
          signal,
          onEvent,
        });
        loaded++;
      } else if (before !== hash) {
        onEvent({
          kind: 'notice',
          text: `${join('examples', name, file)} has changed since it was loaded; the database keeps what it has.`,
        });
      }
    }
    if (loaded > 0)
      onEvent({
        kind: 'healthy',
        service: `example ${name}`,
        durationMs: Math.round(performance.now() - began),
      });
    else onEvent({ kind: 'notice', text: `The example '${name}' is already loaded.` });
  } finally {
    await pool.close();
  }
}

/** The project's own examples, then those that come with the product. @throws {StackError} `example` */
function exampleFolder(project: string, name: string): string {
  const roots = [resolve(project, 'examples'), ...shippedExamples].filter(root => existsSync(root));
  for (const root of roots) {
    const folder = resolve(root, name);
    if (!folder.startsWith(root + sep) || !existsSync(join(folder, 'example.json'))) continue;
    assertOwnBelow(dirname(root), join(folder, 'example.json'));
    return folder;
  }
  const there = roots.flatMap(root =>
    readdirSync(root).filter(entry => existsSync(join(root, entry, 'example.json'))),
  );
  throw new StackError('example', `There is no example '${name}'.`, {
    hint: `There are: ${[...new Set(there)].sort().join(', ')}. An example is a folder in examples/ with an example.json.`,
  });
}

/** In the published package beside the code, in a clone at its root. */
const shippedExamples = ['../../examples', '../../../../examples'].map(folder =>
  fileURLToPath(new URL(folder, import.meta.url)),
);

function readManifest(folder: string, name: string): ExampleManifest {
  const file = join(folder, 'example.json');
  const wrong = (what: string, cause?: unknown): StackError =>
    new StackError('example', `${file}: ${what}.`, {
      hint: 'See the README of packages/stack for its shape.',
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw wrong(`it is not JSON (${(error as Error).message})`, error);
  }
  const { title, schemas, steps } = (value ?? {}) as Record<'title' | 'schemas' | 'steps', unknown>;
  if (typeof title !== 'string' || !Array.isArray(steps) || steps.length === 0)
    throw wrong('it needs a title and steps');
  if (schemas !== undefined && !(Array.isArray(schemas) && schemas.every(name => typeof name === 'string')))
    throw wrong('schemas is a list of names');
  for (const [index, step] of steps.entries()) {
    const { title: text, sql, run } = (step ?? {}) as Record<string, unknown>;
    const path = sql ?? run;
    if (typeof text !== 'string' || typeof path !== 'string' || (sql === undefined) === (run === undefined)) {
      throw wrong(`step ${index + 1} needs a title, and either sql or run with the name of a file`);
    }
    const full = resolve(folder, path);
    if (!full.startsWith(folder + sep) || !existsSync(full))
      throw wrong(`step ${index + 1} names ${path}, which is not a file of the example ${name}`);
    assertOwnBelow(folder, full);
  }
  return value as ExampleManifest;
}

async function stepsDone(pool: Pool, name: string): Promise<Map<string, string>> {
  const { rows } = await pool.query('select step, hash from peakstone.example_steps where example = $1', [
    name,
  ]);
  return new Map(rows.map(row => [String(row[0]), String(row[1])]));
}

interface StepRun {
  readonly pool: Pool;
  readonly name: string;
  readonly folder: string;
  readonly file: string;
  readonly hash: string;
  readonly step: ExampleStep;
  readonly migratorUrl: string;
  readonly signal: AbortSignal;
  readonly onEvent: OnStackEvent;
}

async function runStep({
  pool,
  name,
  folder,
  file,
  hash,
  step,
  migratorUrl,
  signal,
  onEvent,
}: StepRun): Promise<void> {
  const remember = {
    text: 'insert into peakstone.example_steps (example, step, hash) values ($1, $2, $3)',
    values: [name, file, hash],
  };
  if ('run' in step) {
    await runScript(join(folder, file), migratorUrl, signal, text =>
      onEvent({ kind: 'step', service: `example ${name}`, text }),
    );
    await pool.query(remember.text, remember.values);
    return;
  }
  const text = readFileSync(join(folder, file), 'utf8');
  // Its own login: in a superuser's session that has only taken on the role, any function could take it off again.
  const migrator = createPool({
    url: migratorUrl,
    size: 1,
    sharedSize: 0,
    parameters: { application_name: 'peakstone example' },
  });
  try {
    // One script is one transaction: a step is there whole and remembered, or not at all.
    await migrator.script(
      `${BEGIN}${text}\n;insert into peakstone.example_steps (example, step, hash) values (${[name, file, hash].map(quoteLiteral).join(', ')}); commit`,
    );
  } catch (error) {
    if (!(error instanceof PgError)) throw error;
    const line = lineOf(text, error.fields.position);
    throw new StackError('example', `${join('examples', name, file)}${line}: ${error.message}`, {
      hint: 'Nothing of this step was kept. Correct it and start again.',
      cause: error,
    });
  } finally {
    await migrator.close();
  }
}

const BEGIN = 'begin;\n';

/** Where in the file an error is, as `:LINE`; its position counts from the transaction's first line. */
function lineOf(text: string, position: string | undefined): string {
  if (position === undefined) return '';
  return `:${[...text].slice(0, Number(position) - 1 - BEGIN.length).filter(character => character === '\n').length + 1}`;
}
