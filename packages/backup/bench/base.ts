/**
 * `npm run bench -- backup/base [--mb 1000] [--rounds 3]`
 *
 * Backs a database of about so many megabytes up and lays it out again: ours, and where this machine has them PostgreSQL's
 * pg_basebackup (zstd, its WAL with it; laid out by tar) and pgBackRest (zstd, one process). Medians of interleaved runs; time, processor time of the
 * client programs, bytes stored.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { withLogin } from '@peakstone/kernel/pg';
import { connect, startTestServer } from '@peakstone/testing';
import { generateKey } from '../src/index.ts';
import { findProgram } from '../test/programs.ts';
import { type Timed, timed } from './parts/timed.ts';

const { values } = parseArgs({
  options: { mb: { type: 'string', default: '1000' }, rounds: { type: 'string', default: '3' } },
});
const megabytes = Number(values.mb);
const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-bench-'));
chmodSync(folder, 0o711);
const server = await startTestServer();
const sql = connect(server.url);
const ours = path.join(import.meta.dirname, 'parts/ours.ts');

interface Run {
  readonly back: Timed;
  readonly restore: Timed;
  readonly storedBytes: number;
}
const runs = new Map<string, Run[]>();

try {
  await sql.script(`create role db_backup login replication password 'x'`);
  const url = withLogin(server.url, 'db_backup', 'x');
  // Half of it text that compresses as people's does, half of it random.
  await sql.script(`create table rows (id bigint primary key, words text, noise bytea)`);
  for (let from = 0; from < megabytes * 1000; from += 100_000) {
    await sql.query(
      `insert into rows select g, repeat(md5((g / 7)::text) || ' some words that come again ', 7), decode(repeat(md5(g::text), 1) || md5((g * 3)::text) || md5((g * 5)::text) || md5((g * 7)::text), 'hex')
       from generate_series($1::bigint + 1, least($1::bigint + 100000, $2::bigint)) g`,
      [String(from), String(megabytes * 1000)],
    );
  }
  await sql.query('vacuum (freeze) rows');
  await sql.query('checkpoint');
  const [size] = await sql.query(`select sum(pg_database_size(oid)) from pg_database`);
  const bytes = Number(size![0]);
  process.stderr.write(`${Math.round(bytes / 1e6)} MB of database\n`);

  for (let round = 0; round < Number(values.rounds); round++) {
    for (const encrypted of [false, true]) runOurs(url, encrypted);
    runBaseBackup();
  }
  await runIncremental(url);
  await runPgBackRest();
  for (const [name, all] of runs) {
    const median = (of: (run: Run) => number): number =>
      all.map(of).sort((a, b) => a - b)[Math.floor(all.length / 2)]!;
    process.stdout.write(
      `${name.padEnd(28)} backup ${median(r => r.back.seconds).toFixed(1)} s (${median(r => bytes / 1e6 / r.back.seconds).toFixed(0)} MB/s, ${median(r => r.back.cpuSeconds).toFixed(1)} s CPU), stored ${median(r => r.storedBytes / 1e6).toFixed(0)} MB; restore ${median(r => r.restore.seconds).toFixed(1)} s (${median(r => r.restore.cpuSeconds).toFixed(1)} s CPU)\n`,
    );
  }
} finally {
  await sql.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

function note(name: string, run: Run): void {
  runs.set(name, [...(runs.get(name) ?? []), run]);
  process.stderr.write(`${name}: ${run.back.seconds} s, ${run.restore.seconds} s\n`);
}

function runOurs(url: string, encrypted: boolean): void {
  const store = path.join(folder, 'store');
  const into = path.join(folder, 'restored');
  const env = {
    BENCH_URL: url,
    BENCH_STORE: store,
    BENCH_INTO: into,
    BENCH_KEY: encrypted ? generateKey() : '',
  };
  const back = timed([process.execPath, '--no-warnings', ours, 'create'], env);
  const restore = timed([process.execPath, '--no-warnings', ours, 'restore'], env);
  note(`ours${encrypted ? ', encrypted' : ''}`, { back, restore, storedBytes: bytesIn(store) });
  for (const place of [store, into]) rmSync(place, { recursive: true, force: true });
}

/** After a hundredth of the rows has changed. */
async function runIncremental(url: string): Promise<void> {
  const store = path.join(folder, 'store');
  const into = path.join(folder, 'restored');
  const env = { BENCH_URL: url, BENCH_STORE: store, BENCH_INTO: into };
  timed([process.execPath, '--no-warnings', ours, 'create'], env);
  const before = bytesIn(store);
  await sql.query(`update rows set words = words where id % 100000 < 1000`);
  const back = timed([process.execPath, '--no-warnings', ours, 'create'], {
    ...env,
    BENCH_KIND: 'incremental',
  });
  const restore = timed([process.execPath, '--no-warnings', ours, 'restore'], env);
  note('ours, incremental', { back, restore, storedBytes: bytesIn(store) - before });
  for (const place of [store, into]) rmSync(place, { recursive: true, force: true });
}

function runBaseBackup(): void {
  const program = findProgram('pg_basebackup');
  if (!program) return;
  const into = path.join(folder, 'theirs');
  const laid = path.join(folder, 'laid');
  const env = { PGPASSWORD: 'x' };
  const from = ['-h', server.socketDir, '-p', String(server.port), '-U', 'db_backup'];
  const back = timed(
    [program, ...from, '-D', into, '-Ft', '-Z', 'client-zstd:3', '-X', 'fetch', '-c', 'fast'],
    env,
  );
  mkdirSync(laid);
  const restore = timed([
    'bash',
    '-c',
    `zstd -dc ${into}/base.tar.zst | tar -x -C ${laid} && sync -f ${laid}`,
  ]);
  note('pg_basebackup and tar', { back, restore, storedBytes: bytesIn(into) });
  for (const place of [into, laid]) rmSync(place, { recursive: true, force: true });
}

/** It reads the data folder itself, and wants to be the server's archive_command. */
async function runPgBackRest(): Promise<void> {
  if (spawnSync('pgbackrest', ['version']).status !== 0) return;
  const config = path.join(folder, 'pgbackrest.conf');
  const repository = path.join(folder, 'repository');
  const user = statSync(server.dataDir).uid;
  for (const place of ['repository', 'spool', 'lock', 'log', 'laid']) {
    mkdirSync(path.join(folder, place));
    spawnSync('chown', [String(user), path.join(folder, place)]);
  }
  writeFileSync(
    config,
    `[global]
repo1-path=${repository}
spool-path=${folder}/spool
lock-path=${folder}/lock
log-path=${folder}/log
log-level-console=error
compress-type=zst
compress-level=3
process-max=1
start-fast=y
archive-async=n
[bench]
pg1-path=${server.dataDir}
pg1-socket-path=${server.socketDir}
pg1-port=${server.port}
pg1-user=postgres
`,
  );
  const program = ['pgbackrest', `--config=${config}`, '--stanza=bench'];
  await sql.query(`alter system set archive_mode = 'on'`);
  await sql.query(
    `alter system set archive_command = '${which('pgbackrest')} --config=${config} --stanza=bench archive-push %p'`,
  );
  await server.restart();
  timed([...program, 'stanza-create']);
  // What root has made, the server's archive_command must write into.
  spawnSync('chown', ['-R', String(user), repository, path.join(folder, 'lock'), path.join(folder, 'log')]);
  const back = timed([...program, '--type=full', 'backup']);
  const laid = path.join(folder, 'laid');
  const restore = timed([...program, `--pg1-path=${laid}`, 'restore']);
  note('pgBackRest', { back, restore, storedBytes: bytesIn(repository) });
}

function which(program: string): string {
  return spawnSync('which', [program], { encoding: 'utf8' }).stdout.trim();
}

function bytesIn(place: string): number {
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).size, 0);
}
