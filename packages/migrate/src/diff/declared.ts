/** A schema as files declare it: SQL that makes all of it on an empty database, in any order. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrateError } from '../errors.ts';
import { assertOwnFiles } from '../folder/ownership.ts';
import { splitMigration } from '../split/index.ts';
import { settleOrder } from './proof/run.ts';
import { step } from './step.ts';

interface Declared {
  readonly path: string;
  readonly text: string;
}

/** The `.sql` files that are named, and those of folders that are, however deep. @throws {MigrateError} `folder` */
async function readDeclared(paths: readonly string[]): Promise<readonly Declared[]> {
  const files: Declared[] = [];
  for (const path of paths) {
    const found = await stat(path).catch(() => null);
    if (found === null)
      throw new MigrateError(
        'folder',
        `There is no ${path}.`,
        'Name the files of the declared schema, or their folder.',
      );
    if (!found.isDirectory()) {
      files.push({ path, text: await readFile(path, 'utf8') });
      continue;
    }
    await assertOwnFiles(path);
    const names = (await readdir(path, { recursive: true })).filter(name => name.endsWith('.sql')).sort();
    for (const name of names)
      files.push({ path: join(path, name), text: await readFile(join(path, name), 'utf8') });
  }
  if (files.length === 0)
    throw new MigrateError(
      'folder',
      `There is no .sql file in ${paths.join(', ')}.`,
      'Put what declares the schema there.',
    );
  return files;
}

/**
 * Makes a declared schema. A statement that needs what another file makes waits for it.
 * @throws {MigrateError} `declared` for one that fails however it is put
 */
export async function loadDeclared(url: string, paths: readonly string[]): Promise<void> {
  const files = await readDeclared(paths);
  const placed = files.flatMap(({ path, text }) =>
    splitMigration(text.replace(/^\uFEFF/, '')).statements.map(({ text: sql, line }) => ({
      path,
      line,
      sql,
    })),
  );
  const outcome = await settleOrder(
    url,
    placed.map(({ sql }) => step(sql)),
  );
  if (!('error' in outcome)) return;
  const at = placed.find(({ sql }) => sql === outcome.sql);
  throw new MigrateError(
    'declared',
    `${at?.path}:${at?.line}: ${outcome.error.message}`,
    'The declared schema must make everything on an empty database. Nothing was written.',
    outcome.error,
  );
}
