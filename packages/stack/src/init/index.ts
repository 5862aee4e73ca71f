/** `peakstone init`: a project folder, new or beside what another stack's project has. */
import { chmodSync, cpSync, existsSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createFile, makeFolders, replaceFile } from '@peakstone/kernel/durable';
import { hasMigrations, usualFolders } from '../project/migrations.ts';
import { assertOwnDownTo, readOwn } from '../project/ownership.ts';
import { findExample } from '../run/example.ts';
import { makeFolder } from './folder.ts';
import { readCompose } from './from/compose.ts';
import { readHasura } from './from/hasura.ts';
import { readSupabase } from './from/supabase.ts';
import { commandsFor, type Found, planProject } from './project.ts';

/** Whose project can be read, by name. */
const readers = {
  supabase: readSupabase,
  hasura: readHasura,
  compose: readCompose,
} as const satisfies Record<string, (folder: string) => Found>;

export type Origin = keyof typeof readers;
export const origins = Object.keys(readers) as readonly Origin[];

export interface InitOptions {
  /** Absolute; made when missing. */
  readonly folder: string;
  readonly from?: Origin | undefined;
  /** One of our examples, copied into the project. */
  readonly example?: string | undefined;
  /** Names commands in the README as they can be typed. */
  readonly asCalled: (text: string) => string;
}

export interface InitReport {
  readonly made: readonly string[];
  /** Were there before, and are untouched. */
  readonly kept: readonly string[];
  readonly notes: readonly string[];
  /** What to type next, in order. */
  readonly next: readonly string[];
}

/**
 * Writes what a project needs and does not have; never over a file that is there.
 * @throws {StackError} `config`, `example`; what the system says where it cannot write
 */
export function initProject({ folder, from, example, asCalled }: InitOptions): InitReport {
  const found = from === undefined ? undefined : withSettings(readers[from](folder), folder);
  const copied = example === undefined ? undefined : findExample(folder, example);
  makeFolder(folder);
  const made: string[] = [];
  const migrations = migrationsIn(folder);
  const keepMigrations = (): void => {
    if (!kept.includes(`${migrations}/`)) kept.push(`${migrations}/`);
  };
  const kept: string[] = [];
  const put = (path: string, write: (target: string) => void) => {
    const target = join(folder, path);
    if (existsSync(target)) return void kept.push(path);
    makeFolders(dirname(target));
    write(target);
    made.push(path);
  };
  const plan = planProject({
    name: basename(folder),
    found,
    migrations,
    example,
    exampleSchemas: copied?.manifest.schemas,
  });
  // Before anything is made.
  const places = [...plan.map(({ path }) => path), ...(copied ? [`examples/${copied.name}`] : [])];
  for (const path of places) assertOwnDownTo(folder, join(folder, path));
  for (const { path, text, mode = 0o644 } of plan) {
    const final = path === 'README.md' ? asCalled(text) : text;
    // Whoever has migrations, or rows, has no use for a first one.
    if (dirname(path) === 'migrations' && migrations !== undefined) keepMigrations();
    else if (path === '.gitignore') ignore(join(folder, path), final, made, kept);
    else put(path, target => createFile(target, final, mode));
  }
  if (copied !== undefined && !copied.folder.startsWith(folder))
    put(`examples/${copied.name}`, target => copyWhole(copied.folder, target));
  return {
    made,
    kept,
    notes: found?.notes ?? [],
    next: commandsFor({ isBare: found === undefined && example === undefined, example }),
  };
}

/** A folder of migrations that the project has: beside one that another stack left, an empty one of ours would hide it. */
function migrationsIn(folder: string): string | undefined {
  return usualFolders.find(
    (usual, index) => existsSync(join(folder, usual)) && (index === 0 || hasMigrations(join(folder, usual))),
  );
}

function copyWhole(folder: string, target: string): void {
  const beside = mkdtempSync(`${target}.`);
  try {
    cpSync(folder, beside, { recursive: true });
    chmodSync(beside, statSync(folder).mode & 0o777);
    renameSync(beside, target);
  } catch (error) {
    rmSync(beside, { recursive: true, force: true });
    throw error;
  }
}

/** A `.env` that is there is never written to: its owner adds what is missing. */
function withSettings(found: Found, folder: string): Found {
  if (!existsSync(join(folder, '.env'))) return found;
  // The README, which is for git, holds these notes as well.
  const missing = Object.entries(found.env).map(([name, value]) =>
    /SECRET|PASS|KEY/.test(name)
      ? `Add to .env: ${name}, with its value in ${found.title}`
      : `Add to .env: ${name}=${value}`,
  );
  return { ...found, notes: [...missing, ...found.notes] };
}

/** Secrets and data must not get into git: what an own file lacks is added to it. */
function ignore(file: string, wanted: string, made: string[], kept: string[]): void {
  const present = existsSync(file) ? readOwn(file) : '';
  const lines = new Set(present.split('\n').map(line => line.trim().replace(/^\//, '').replace(/\/$/, '')));
  const missing = wanted.split('\n').filter(line => line !== '' && !lines.has(line.replace(/\/$/, '')));
  if (missing.length === 0) return void kept.push('.gitignore');
  const gap = present === '' || present.endsWith('\n') ? '' : '\n';
  replaceFile(file, `${present}${gap}${missing.join('\n')}\n`);
  made.push('.gitignore');
}
