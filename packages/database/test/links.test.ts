/** A server's superuser is its user on this machine, and root starts the server: neither may lead to root's files or processes. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect } from '@peakstone/testing';
import {
  connectionUrl,
  dataLeftBehind,
  inspectDataFolder,
  planRemoval,
  removeDataFolder,
  resolveRunUser,
  type Server,
} from '../src/index.ts';
import { failsWith, remove, start, temporaryFolder } from './support.ts';

const needsRoot = process.getuid?.() === 0 ? false : 'only root may do more than the server’s user';

/** Every name that a start, a stop or a removal knows in a data folder, and what was beside it while it was written by root. */
const names = [
  'peakstone.conf',
  'peakstone_hba.conf',
  'peakstone_ident.conf',
  'peakstone_run.json',
  'postgresql.conf',
  'peakstone.json',
  'pg_hba.user.conf',
].flatMap(name => [name, `${name}.${process.pid}.tmp`]);

let folder: string;
let secret: string;
before(() => {
  folder = temporaryFolder();
  secret = path.join(folder, 'secret');
});
after(() => remove(folder));

const text = '16\n';

function writeSecret(): void {
  writeFileSync(secret, text, { mode: 0o600 });
}

function assertUntouched(): void {
  const { uid, mode } = statSync(secret);
  assert.deepEqual([uid, mode & 0o777, readFileSync(secret, 'utf8')], [0, 0o600, text]);
}

/** Runs a script in a folder as whoever owns it. */
function asOwner(place: string, script: string): void {
  const { uid, gid } = statSync(place);
  assert.notEqual(uid, 0);
  const run = spawnSync('/bin/sh', ['-ec', `cd "$1"; ${script}`, 'sh', place, secret], {
    cwd: '/',
    uid,
    gid,
  });
  assert.equal(run.status, 0, run.stderr.toString());
}

const plant = (name: string) => `ln -snf "$2" '${name}'`;

async function ask(server: Server, sql: string): Promise<unknown> {
  const client = connect(
    connectionUrl({ host: server.socketDir, port: server.port }, 'postgres', 'postgres'),
  );
  try {
    return (await client.query(sql))[0]?.[0];
  } finally {
    await client.close();
  }
}

describe('what the server’s user has put into its folders', { skip: needsRoot }, () => {
  it('leads root nowhere when the server is started, nor when it crashed and is started again', async () => {
    writeSecret();
    const dataDir = path.join(folder, 'planted');
    let server = await start(dataDir);
    await server.stop();
    asOwner(
      dataDir,
      names
        .filter(name => name !== 'pg_hba.user.conf')
        .map(plant)
        .join(';'),
    );
    server = await start(dataDir, { adopt: true });
    try {
      assertUntouched();
      const script = names.map(name => `ln -snf ${secret} ${dataDir}/${name}`).join(';');
      await ask(server, `copy (select 1) to program $$sh -c '${script}'$$`);
      process.kill(server.postmaster.pid, 'SIGKILL');
      await server.postmaster.exited;
      asOwner(dataDir, 'rm pg_hba.user.conf postgresql.conf');
      server = await start(dataDir, { adopt: true });
      assert.equal(await ask(server, 'select 1::text'), '1');
    } finally {
      await server.stop();
    }
    assertUntouched();
    assert.equal(lstatSync(path.join(dataDir, 'peakstone.conf')).isFile(), true);
  });

  it('is not read through a link, so that nothing of a file of root’s is told', async () => {
    writeSecret();
    const dataDir = path.join(folder, 'told');
    mkdirSync(dataDir);
    const user = resolveRunUser(undefined, () => {});
    chownSync(dataDir, user.uid, user.gid);
    asOwner(dataDir, plant('PG_VERSION'));
    assert.throws(() => inspectDataFolder(dataDir, true), failsWith('NOT_A_DATA_FOLDER', /names no version/));
    asOwner(dataDir, 'rm PG_VERSION; mkfifo PG_VERSION');
    assert.throws(() => inspectDataFolder(dataDir, true), failsWith('NOT_A_DATA_FOLDER', /names no version/));
    asOwner(dataDir, 'rm PG_VERSION; printf "\\033[31mred" > PG_VERSION');
    assert.throws(() => inspectDataFolder(dataDir, true), failsWith('NOT_A_DATA_FOLDER', /names no version/));
    assertUntouched();
  });

  it('names no process of root’s that would be ended', async () => {
    const dataDir = path.join(folder, 'named');
    await (await start(dataDir)).stop();
    const shell = spawn('sleep', ['600'], { cwd: dataDir, stdio: 'ignore' });
    try {
      const record = JSON.stringify({ ownerPid: 999_999_999, ownerStart: '1', dataDir });
      asOwner(dataDir, `echo '${record}' > peakstone_run.json; echo ${shell.pid} > postmaster.pid`);
      await (await start(dataDir)).stop();
      assert.equal(shell.exitCode ?? shell.signalCode, null);
    } finally {
      shell.kill();
    }
  });

  it('names no process that root would be told to end', async () => {
    const dataDir = path.join(folder, 'told-to-end');
    await (await start(dataDir)).stop();
    const { uid, gid } = statSync(dataDir);
    const own = spawn('sleep', ['600'], { cwd: '/', uid, gid, stdio: 'ignore' });
    const worker = spawn('sh', ['-c', 'cd "$1"; exec sleep 600', 'sh', dataDir], {
      cwd: '/',
      uid,
      gid,
      stdio: 'ignore',
    });
    try {
      const stat = readFileSync('/proc/1/stat', 'utf8');
      const begun = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
      const record = JSON.stringify({ ownerPid: 1, ownerStart: begun, dataDir });
      asOwner(dataDir, `echo '${record}' > peakstone_run.json; echo ${worker.pid} > postmaster.pid`);
      await assert.rejects(start(dataDir), (error: Error & { hint: string }) => {
        assert.doesNotMatch(error.hint, /kill/);
        return failsWith('IN_USE')(error as never);
      });
    } finally {
      own.kill();
      worker.kill();
    }
  });

  it('is removed without what it links to', async () => {
    writeSecret();
    const dataDir = path.join(folder, 'removed');
    const treasure = path.join(folder, 'treasure');
    mkdirSync(treasure);
    writeFileSync(path.join(treasure, 'kept'), '');
    chmodSync(treasure, 0o755);
    await (await start(dataDir)).stop();
    asOwner(dataDir, `${plant('link')}; rm -r base; ln -s ${treasure} base; ln -s ${treasure} .hidden`);
    await removeDataFolder(dataDir);
    assert.equal(existsSync(dataDir), false);
    assert.equal(existsSync(path.join(treasure, 'kept')), true);
    assertUntouched();
  });

  it('is not what another database is made from: templates are root’s alone', async () => {
    const cacheDir = path.join(folder, 'cache');
    mkdirSync(cacheDir, { mode: 0o755 });
    await (await start(path.join(folder, 'first'), { cacheDir })).stop();
    const kept = globSync('**', { cwd: cacheDir }).map(name => lstatSync(path.join(cacheDir, name)));
    assert.ok(kept.length >= 2);
    assert.deepEqual(
      kept.filter(({ uid, mode }) => uid !== 0 || (mode & 0o022) !== 0),
      [],
    );
  });

  it('is its own where the folder above is its own as well: root makes and renames nothing there', async () => {
    const user = resolveRunUser(undefined, () => {});
    const above = path.join(folder, 'above');
    const hall = path.join(folder, 'hall');
    mkdirSync(above);
    chownSync(above, user.uid, user.gid);
    mkdirSync(hall, { mode: 0o755 });
    const dataDir = path.join(above, 'deep', 'postgres');
    const server = await start(dataDir);
    await server.stop();
    assert.equal(statSync(path.join(above, 'deep')).uid, user.uid);
    asOwner(path.join(above, 'deep'), `rm -r run; ln -s ${hall} run`);
    await assert.rejects(start(dataDir), failsWith('PERMISSION_DENIED'));
    assert.deepEqual([statSync(hall).uid, statSync(hall).mode & 0o777], [0, 0o755]);
    await removeDataFolder(dataDir);
    assert.equal(existsSync(dataDir), false);
  });
});

describe('data that root keeps in the system’s folder', { skip: needsRoot }, () => {
  it('are in nobody else’s way: what cannot be looked into holds nothing of theirs', async () => {
    const [system, gone] = ['/var/lib/peakstone', path.join(folder, 'gone')];
    const made = mkdirSync(system, { recursive: true, mode: 0o711 });
    const user = resolveRunUser(undefined, () => {});
    try {
      assert.equal(statSync(system).mode & 0o777, 0o711);
      process.setegid!(user.gid);
      process.seteuid!(user.uid);
      assert.throws(() => readdirSync(system), { code: 'EACCES' });
      assert.deepEqual([dataLeftBehind(gone), planRemoval(gone)], [[], []]);
    } finally {
      process.seteuid!(0);
      process.setegid!(0);
      if (made !== undefined) rmdirSync(system);
    }
  });

  it('are the original’s where its folder was copied, and move with it', async () => {
    const closed = path.join(folder, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const dataOf = (name: string) => path.join(closed, name, '.peakstone', 'postgres');
    const run = (...command: readonly [string, ...string[]]) =>
      assert.equal(spawnSync(command[0], command.slice(1), { cwd: closed }).status, 0);
    const starts = async (name: string) => await (await start(dataOf(name))).stop();
    const refuses = async (name: string, by: RegExp) => {
      await assert.rejects(start(dataOf(name)), failsWith('SHARED_DATA', by));
      assert.throws(() => inspectDataFolder(dataOf(name), false), failsWith('SHARED_DATA', by));
      assert.throws(() => planRemoval(dataOf(name)), failsWith('SHARED_DATA'));
    };
    const before = new Set(existsSync('/var/lib/peakstone') ? readdirSync('/var/lib/peakstone') : []);
    try {
      await starts('original');
      run('cp', '-a', 'original', 'copy');
      await refuses('copy', /of \S+original\/.peakstone\/postgres:/);
      run('cp', '-al', 'original', 'linked');
      await refuses('linked', /of \S+original\/.peakstone\/postgres:/);
      run('rm', '-r', 'linked');
      run('mv', 'original', 'moved');
      await refuses('copy', /of another folder:/);
      await starts('moved');
      await refuses('copy', /of \S+moved\/.peakstone\/postgres:/);
      // With a copy of the data, as the hint says, both go on; and who is left alone has what was the other's.
      const home = path.dirname(readlinkSync(dataOf('moved')));
      run('cp', '-a', 'copy', 'second');
      run('cp', '-a', home, `${home}-copy`);
      run('ln', '-sfn', `${home}-copy/postgres`, dataOf('second'));
      await starts('second');
      await starts('moved');
      run('rm', '-r', 'moved');
      await starts('copy');
      await removeDataFolder(dataOf('second'));
      assert.deepEqual([existsSync(home), existsSync(`${home}-copy`)], [true, false]);
    } finally {
      const homes = readdirSync('/var/lib/peakstone').filter(
        name => !before.has(name) && /^(?:original|copy)-/.test(name),
      );
      for (const name of homes) rmSync(path.join('/var/lib/peakstone', name), { recursive: true });
    }
  });
});
