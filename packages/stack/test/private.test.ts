import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { UnsafePlaceError } from '@peakstone/kernel/private';
import { readFolder, writeMigration } from '@peakstone/migrate';
import { otherUsersCannot, STRANGER } from '@peakstone/testing';
import { loadProject } from '../src/deploy/project.ts';
import { initProject } from '../src/init/index.ts';
import { loadStackConfig } from '../src/loadConfig.ts';
import { readEnvFile } from '../src/project/envFile.ts';
import { locateMigrations } from '../src/project/migrations.ts';
import { ensureDataFolder, stackPaths } from '../src/project/paths.ts';
import { findExample } from '../src/run/example.ts';
import { controlSocket, readPresence } from '../src/run/state.ts';

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A project in which anybody may make what they like, as in `/tmp`. */
function openProject(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-open-'));
  folders.push(folder);
  chmodSync(folder, 0o1777);
  return folder;
}

/** Makes files and folders as another user of this machine. */
function plant(script: string, folder: string): void {
  const { status, stderr } = spawnSync('/bin/sh', ['-ec', script, 'sh', folder], { cwd: '/', ...STRANGER });
  assert.equal(status, 0, stderr.toString());
}

describe('what another user has left in a project', { skip: otherUsersCannot() }, () => {
  it('is no stack: neither started in, nor stopped, nor asked', () => {
    const project = openProject();
    plant('mkdir "$1/.peakstone"; echo "{}" > "$1/.peakstone/state.json"', project);
    const paths = stackPaths(project);
    for (const use of [ensureDataFolder, readPresence])
      assert.throws(() => use(paths), { code: 'permission', message: /belongs to user id 65534/ });
  });

  it('is neither its configuration, which is code, nor its secrets', async () => {
    const project = openProject();
    plant('echo "process.exit(99)" > "$1/peakstone.config.mjs"; echo JWT_SECRET=known > "$1/.env"', project);
    await assert.rejects(loadStackConfig(project), /belongs to user id 65534/);
    assert.throws(() => readEnvFile(stackPaths(project)), { code: 'permission' });
  });

  it('is no example, whose files run with the migrator’s password', () => {
    const manifest = '{"title":"x","steps":[{"title":"go","run":"go.mjs"}]}';
    const whole = openProject();
    plant(
      `mkdir -p "$1/examples/shop"; cd "$1/examples/shop"; echo '${manifest}' > example.json; : > go.mjs`,
      whole,
    );
    assert.throws(() => findExample(whole, 'shop'), {
      code: 'permission',
      message: /belongs to user id 65534/,
    });
    const open = openProject();
    const folder = path.join(open, 'examples', 'shop');
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'example.json'), manifest);
    chmodSync(folder, 0o1777);
    plant(': > "$1/examples/shop/go.mjs"', open);
    assert.throws(() => findExample(open, 'shop'), { code: 'permission' });
  });

  it('is no migration, neither as a folder, nor as one on the way to it, nor as a link or a file in one of ours', async () => {
    const located = (project: string) => locateMigrations({ project, cwd: project });
    const scripts = [
      'mkdir "$1/migrations"; echo "select 1;" > "$1/migrations/1_a.sql"',
      'ln -s / "$1/migrations"',
      'ln -s /nowhere "$1/migrations"',
      'mkdir -p "$1/atlas"; ln -s / "$1/atlas/migrations"',
    ];
    for (const script of scripts) {
      const project = openProject();
      plant(script, project);
      await assert.rejects(
        located(project),
        { code: 'permission', message: /belongs to user id 65534/ },
        script,
      );
    }
    const ours: readonly (readonly [script: string, format?: string])[] = [
      ['echo "select 1;" > "$1/1_a.sql"'],
      ['ln -s /etc/hostname "$1/atlas.sum"'],
      ['mkdir "$1/down"; echo "drop table films;" > "$1/down/1_a.sql"'],
      ['mkdir "$1/1_a"; echo "select 1;" > "$1/1_a/up.sql"', 'default'],
    ];
    for (const [script, database = ''] of ours) {
      const project = openProject();
      const folder = path.join(project, 'migrations', database);
      mkdirSync(folder, { recursive: true });
      chmodSync(folder, 0o1777);
      plant(script, folder);
      await assert.rejects(
        located(project).then(({ path: found, format }) => readFolder(found, format)),
        { code: 'folder', message: /belongs to user id 65534/ },
        script,
      );
    }
    // One that was named is its owner's, whoever that is.
    const named = openProject();
    plant('mkdir "$1/theirs"; echo "select 1;" > "$1/theirs/1_a.sql"', named);
    const theirs = await locateMigrations({ project: named, cwd: named, named: 'theirs' });
    assert.equal((await readFolder(theirs.path)).files.length, 1);
  });

  it('is not written through: neither sums, nor migrations, nor what init makes', async () => {
    const project = openProject();
    const prey = path.join(openProject(), 'prey');
    chmodSync(path.dirname(prey), 0o755);
    writeFileSync(prey, 'ours\n');
    plant(`mkdir "$1/theirs"; ln -s ${prey} "$1/theirs/atlas.sum"; ln -s ${prey} "$1/.gitignore"`, project);
    await assert.rejects(
      writeMigration(path.join(project, 'theirs'), 'films', 'select 1;'),
      UnsafePlaceError,
    );
    assert.throws(() => initProject({ folder: project, asCalled: text => text }), { code: 'permission' });
    const other = openProject();
    plant(`ln -s ${path.dirname(prey)} "$1/examples"`, other);
    assert.throws(() => initProject({ folder: other, example: 'lighthouses', asCalled: text => text }), {
      code: 'permission',
    });
    assert.equal(readFileSync(prey, 'utf8'), 'ours\n');
    assert.deepEqual(
      [readdirSync(project).sort(), readdirSync(other)],
      [['.gitignore', 'theirs'], ['examples']],
    );
    assert.deepEqual(readdirSync(path.dirname(prey)), ['prey']);
  });

  it('opens the database to nobody, and gives a deployment no secrets', async () => {
    const project = openProject();
    plant('mkdir "$1/supabase"', project);
    await assert.rejects(loadStackConfig(project), /belongs to user id 65534/);
    const deployed = openProject();
    plant('echo JWT_SECRET=known > "$1/.env"', deployed);
    await assert.rejects(loadProject(deployed, {}), { code: 'permission' });
  });

  it('is not asked in the stack’s place, where the control channel lies outside the project', () => {
    const project = openProject();
    plant('mkdir "$1/sockets"; : > "$1/sockets/x.sock"', project);
    const state = { version: 1, pid: 1, startedAt: '', host: '', ports: {} } as const;
    const paths = stackPaths(project);
    const control = path.join(project, 'sockets', 'x.sock');
    assert.throws(() => controlSocket(paths, { ...state, control }), { code: 'permission' });
  });
});

describe('a stack’s own folders', () => {
  it('are for its user alone, the control channel’s as well where its path is too long beside the data', t => {
    const project = path.join(openProject(), 'x'.repeat(100));
    mkdirSync(project);
    const temporary = process.env.TMPDIR;
    process.env.TMPDIR = openProject();
    t.after(() => {
      if (temporary === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = temporary;
    });
    const paths = stackPaths(project);
    ensureDataFolder(paths);
    writeFileSync(paths.lock, '');
    assert.equal(path.dirname(path.dirname(paths.control)), process.env.TMPDIR);
    const server = createServer().listen(paths.control);
    t.after(() => server.close());
    assert.equal(
      controlSocket(paths, {
        version: 1,
        pid: 1,
        startedAt: '',
        host: '',
        ports: {},
        control: paths.control,
      }),
      paths.control,
    );
  });
});
