/** `peakstone graphql metadata`: a folder as the reference's CLI keeps it, and the metadata of a server that runs. */
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Env } from '@peakstone/kernel/service';
import { exportedMetadata, readMetadata } from '../definition/exported.ts';
import { emptyMetadata, type Metadata } from '../definition/metadata.ts';
import { HasuraError } from '../errors.ts';
import { type Ask, asker } from './asker.ts';
import { differences } from './compare.ts';
import { readFolder } from './read.ts';
import { FolderError } from './sections.ts';
import { folderFiles } from './write.ts';

const usage = `Usage: peakstone graphql metadata export|apply|diff [DIR] [--endpoint URL]

Works on DIR (default: metadata), the folder of the Hasura CLI's project that holds version.yaml.

  export   Writes the server's metadata into DIR
  apply    Replaces the server's metadata by DIR's
  diff     Says what apply would change: "- path: value" is the server's, "+ path: value" is DIR's

  --endpoint URL            The server (HASURA_GRAPHQL_ENDPOINT; default http://localhost:8080)
  --allow-inconsistent      apply: also where parts of it cannot be served, which are listed
  -h, --help                Show this help text

The admin secret is read from HASURA_GRAPHQL_ADMIN_SECRET.
Exit code 0: done, or no difference; 1: something went wrong, nothing was changed; 2: diff has found differences.

  HASURA_GRAPHQL_ADMIN_SECRET=… peakstone graphql metadata diff hasura/metadata
`;

/** Where lines go: data and progress. */
export interface Streams {
  out(text: string): void;
  err(text: string): void;
}

/** @returns the exit code. */
export async function runMetadata(argv: readonly string[], env: Env, streams: Streams): Promise<number> {
  try {
    const { values, positionals } = readArguments(argv);
    const [name = '', folder = 'metadata', ...more] = positionals;
    if (values.help) {
      streams.out(usage);
      return 0;
    }
    if (!Object.hasOwn(commands, name) || more.length > 0) {
      streams.err(usage);
      return 1;
    }
    const endpoint = values.endpoint ?? (env.HASURA_GRAPHQL_ENDPOINT || 'http://localhost:8080');
    const ask = asker(endpoint, env.HASURA_GRAPHQL_ADMIN_SECRET);
    return await commands[name as keyof typeof commands](folder, ask, streams, {
      allowsInconsistent: values['allow-inconsistent'] === true,
    });
  } catch (error) {
    if (!isTold(error)) throw error;
    streams.err(`${error.message}\n`);
    return 1;
  }
}

function readArguments(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      endpoint: { type: 'string' },
      'allow-inconsistent': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
}

/** What its user can mend: the folder, the command line, the server. */
function isTold(error: unknown): error is Error {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return (
    error instanceof FolderError ||
    error instanceof HasuraError ||
    ['EACCES', 'EROFS', 'ENOSPC', 'ENOTDIR'].includes(code ?? '') ||
    code?.startsWith('ERR_PARSE_ARGS') === true
  );
}

const commands = {
  async export(folder: string, ask: Ask, streams: Streams): Promise<number> {
    const files = folderFiles(await serverMetadata(ask));
    for (const [path, text] of files) writeInside(folder, path, text);
    for (const path of leftOver(folder, files))
      streams.err(`${join(folder, path)} is not written by this export: remove it if nothing includes it.\n`);
    streams.err(`Wrote ${files.size} files to ${folder}.\n`);
    return 0;
  },
  async apply(
    folder: string,
    ask: Ask,
    streams: Streams,
    { allowsInconsistent }: { readonly allowsInconsistent: boolean },
  ): Promise<number> {
    const answer = (await ask('replace_metadata', {
      allow_inconsistent_metadata: allowsInconsistent,
      metadata: readFolder(folder),
    })) as { readonly inconsistent_objects?: readonly { readonly name: string; readonly reason: string }[] };
    for (const { name, reason } of answer.inconsistent_objects ?? []) streams.err(`${name}: ${reason}\n`);
    streams.err(`Applied ${folder}.\n`);
    return 0;
  },
  async diff(folder: string, ask: Ask, streams: Streams): Promise<number> {
    const here = exportedMetadata(readMetadata(readFolder(folder), emptyMetadata()));
    const found = differences(await serverMetadata(ask), here);
    for (const line of found) streams.out(`${line}\n`);
    if (found.length === 0) streams.err(`No difference to ${folder}.\n`);
    return found.length === 0 ? 0 : 2;
  },
};

async function serverMetadata(ask: Ask): Promise<Metadata> {
  const { metadata } = (await ask('export_metadata', {}, 2)) as { readonly metadata: unknown };
  return exportedMetadata(readMetadata(metadata, emptyMetadata()));
}

/** Into the folder and no link that leads out of it. */
function writeInside(folder: string, path: string, text: string): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  if (existsSync(file) && lstatSync(file).isSymbolicLink())
    throw new FolderError(`${file} is a link, and is not written to.`);
  // A file that says the same keeps its time.
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
}

/** YAML files of databases that were there and are not part of the metadata as it is written now. */
function leftOver(folder: string, files: ReadonlyMap<string, string>): string[] {
  return readdirSync(join(folder, 'databases'), { recursive: true, encoding: 'utf8' })
    .map(path => `databases/${path.replaceAll('\\', '/')}`)
    .filter(path => path.endsWith('.yaml') && !files.has(path));
}
