import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { type Client, connectPrivileged, parseConninfo } from '@peakstone/kernel/pg';
import { TransferError } from '../errors.ts';
import { readRows, text } from './catalog.ts';
import type { DumpOptions } from './options.ts';
import { readGivenByDefault } from './read/byDefault.ts';
import { readDefaultPrivileges, readPrivileges } from './read/privileges.ts';
import { resolveSelection } from './select.ts';
import { randomKey, renderHeading, renderRestrict, renderUnrestrict } from './write.ts';

/** The version whose catalogs and syntax a stack's database has. */
const MAJOR = 17;

/** PostgreSQL's own pg_dump of this machine, of the database's version; null where there is none. */
export function findPgDump(env: Readonly<Record<string, string | undefined>>): string | null {
  const folders = [
    `/usr/lib/postgresql/${MAJOR}/bin`,
    `/usr/pgsql-${MAJOR}/bin`,
    `/opt/homebrew/opt/postgresql@${MAJOR}/bin`,
    `/opt/homebrew/opt/libpq/bin`,
    ...(env.PATH ?? '').split(path.delimiter).filter(folder => path.isAbsolute(folder)),
  ];
  for (const folder of folders) {
    const program = path.join(folder, 'pg_dump');
    const run = spawnSync(program, ['--version'], { encoding: 'utf8', timeout: 5_000 });
    if (/\(PostgreSQL\) (\d+)\./.exec(run.stdout ?? '')?.[1] === String(MAJOR)) return program;
  }
  return null;
}

/**
 * The same dump by that program. Who may do what follows in our words: a database in which new things are given to roles by
 * default would otherwise add to it. The password goes by its environment, which only its own user can read.
 * @throws {TransferError} with what it said.
 */
export async function runPgDump(program: string, options: DumpOptions): Promise<void> {
  if (options.privileges === false || options.content === 'data')
    return await runProgram(program, options, []);
  const client = await connectPrivileged({ url: options.url, name: 'peakstone dump' });
  try {
    await client.script('begin isolation level repeatable read, read only');
    const [snapshot] = await readRows(client, 'select pg_export_snapshot() as name');
    await runProgram(program, options, ['--no-privileges', `--snapshot=${text(snapshot!, 'name')}`]);
    await writePrivileges(client, options);
  } finally {
    client.close();
  }
}

/** Behind all that the program has made, event triggers included: those of the dump must not see it. */
async function writePrivileges(client: Client, options: DumpOptions): Promise<void> {
  const { selection = {}, write, restrictKey = randomKey() } = options;
  const rows = (sql: string) => readRows(client, sql);
  const { schemas, relations, isOfTables } = await resolveSelection(selection, rows);
  const catalog = { rows, schemas, relations };
  await write(`${renderRestrict(restrictKey)}\n${WITHOUT_EVENT_TRIGGERS}\n\n`);
  for (const statement of await readGivenByDefault(catalog, isOfTables)) await write(`${statement}\n\n`);
  const objects = [
    ...(await readPrivileges(catalog, !isOfTables)),
    ...(isOfTables ? [] : await readDefaultPrivileges(catalog)),
  ];
  for (const object of objects) await write(`${renderHeading(object)}${object.definition}\n\n\n`);
  await write(renderUnrestrict(restrictKey));
}

/** Whoever is no superuser has made none, and goes on. */
const WITHOUT_EVENT_TRIGGERS = `DO 'BEGIN PERFORM pg_catalog.set_config(''event_triggers'', ''off'', false); EXCEPTION WHEN insufficient_privilege THEN NULL; END';`;

async function runProgram(program: string, options: DumpOptions, more: readonly string[]): Promise<void> {
  const { selection = {}, content, write, signal, restrictKey = randomKey() } = options;
  const restrictsItself = spawnSync(program, ['--help'], { encoding: 'utf8' }).stdout.includes(
    '--restrict-key',
  );
  const several = (name: string, values: readonly string[] = []): string[] =>
    values.map(value => `--${name}=${value}`);
  const argv = [
    ...more,
    ...(restrictsItself ? [`--restrict-key=${restrictKey}`] : []),
    ...(content === undefined ? [] : [`--${content}-only`]),
    ...(options.owners === false ? ['--no-owner'] : []),
    ...(options.privileges === false ? ['--no-privileges'] : []),
    ...(options.clean ? ['--clean', '--if-exists'] : []),
    ...several('schema', selection.schemas),
    ...several('exclude-schema', selection.excludedSchemas),
    ...several('table', selection.tables),
    ...several('exclude-table', selection.excludedTables),
  ];
  const child = spawn(program, argv, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environmentOf(options.url) },
    ...(signal && { signal, killSignal: 'SIGINT' }),
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4_000);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // Told when it is waited for, and not before.
  ended.catch(() => undefined);
  // Before 17.6 it does not.
  if (!restrictsItself) await write(renderRestrict(restrictKey));
  for await (const part of child.stdout) await write(part as Buffer);
  if (!restrictsItself) await write(renderUnrestrict(restrictKey));
  const code = await ended;
  // A terminal's Ctrl-C goes to it as well.
  signal?.throwIfAborted();
  if (code !== 0)
    throw new TransferError(`pg_dump ended with ${code}: ${said.trim().split('\n').at(-1) ?? ''}`, {
      hint: 'Dump with what PeakStone brings: --builtin',
    });
}

function environmentOf(url: string): Record<string, string> {
  const info = parseConninfo(url);
  const [{ host, port }] = info.hosts as [{ host: string; port: number }];
  return {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: info.user,
    PGDATABASE: info.database,
    PGSSLMODE: info.sslmode,
    PGAPPNAME: 'peakstone dump',
    ...(info.password !== undefined && { PGPASSWORD: info.password }),
    ...(info.sslrootcert !== undefined && { PGSSLROOTCERT: info.sslrootcert }),
  };
}
