import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { StackStatus } from '@peakstone/stack';
import { reservePorts } from '@peakstone/testing';
import { finish, Project, until, untilHealthy } from './cli.ts';

interface Listed {
  readonly place: string;
  readonly backups: readonly {
    readonly id: string;
    readonly kind: string;
    readonly label: string | null;
    readonly timeline: number;
  }[];
  readonly timeline: number | null;
  readonly coveredUntil: string | null;
  readonly lastTest: { readonly ok: boolean; readonly rows: number } | null;
}

describe('peakstone backup', () => {
  const project = new Project();
  let port = 0;
  before(async () => {
    port = await reservePorts(5);
  });
  after(() => project.close());

  const list = () => project.json<Listed>('backup', 'list');
  const sql = async (text: string): Promise<string> => {
    const { code, stdout, stderr } = await project.run(['sql', '--json', text]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const up = () => project.json('up', '--detach', '--port-base', String(port));
  const fails = async (argv: readonly string[], code: number, ...texts: readonly RegExp[]) => {
    const ran = await project.run(['backup', ...argv]);
    assert.equal(ran.code, code, ran.stderr);
    for (const text of texts) assert.match(ran.stderr, text);
    assert.doesNotMatch(ran.stderr, /looks like a bug|\n\s+at /);
  };

  it('says what to do where there is nothing yet', async () => {
    await fails(
      ['list'],
      1,
      /There are no backups in .*\.peakstone\/backups/,
      /hint: .*peakstone backup create/,
    );
    await fails(['create'], 3, /No stack runs/);
    const { stdout } = await project.run(['backup', 'schedule']);
    assert.equal(stdout, 'Backups are off.\n');
    assert.doesNotMatch((await project.run(['doctor'])).stdout, /BACKUP_/);
  });

  it('refuses settings that cannot be meant, and changes nothing', async () => {
    await fails(['schedule', 'on', '--full', '61 * * * *'], 1, /BACKUP_FULL must be five fields/);
    await fails(['schedule', 'on', '--store', 'ftp://x'], 1, /BACKUP_STORE must be a folder, or s3:/);
    await fails(['schedule', 'on', '--store', 's3://bucket'], 1, /BACKUP_S3_ACCESS_KEY/);
    await fails(['schedule', 'maybe'], 2, /on, off/);
    assert.ok(
      !existsSync(join(project.folder, '.env')) ||
        !/BACKUP_/.test(readFileSync(join(project.folder, '.env'), 'utf8').replaceAll(/^#.*$/gm, '')),
    );
  });

  it('is turned on by a word; what is encrypted gets a key, shown once with the advice to keep it elsewhere', async () => {
    const { code, stdout, stderr } = await project.run([
      'backup',
      'schedule',
      'on',
      '--encrypt',
      'on',
      '--incremental',
      'hourly',
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^place {8}.*\.peakstone\/backups, encrypted\nfull {9}next \d{4}-/);
    assert.match(
      stderr,
      /A key for the backups was made, in .*: [0-9a-f]{64}\nKeep a copy of BACKUP_KEY somewhere else/,
    );
    const again = await project.run(['backup', 'schedule', '--keep-days', '3']);
    assert.match(again.stdout, /kept {9}3 days, and 2 full backups/);
    assert.doesNotMatch(again.stderr + again.stdout, /[0-9a-f]{64}/);
  });

  it('runs as a service of the stack, which makes the first backup by itself and receives every change', async () => {
    await up();
    const status = await untilHealthy(project);
    assert.ok(status.services.some(({ name }) => name === 'backup'));
    await sql('create table ledger (id int); insert into ledger select generate_series(1, 10)');
    await until(
      async () => existsSync(join(project.folder, '.peakstone/backups')) && (await list()).backups.length > 0,
    );
    const health = await (await fetch(`http://127.0.0.1:${port}/healthz`)).json();
    assert.equal((health as { services: Record<string, { ok: boolean }> }).services.backup?.ok, true);
  });

  it('makes one on demand, lists it, reads it, and tries it', async () => {
    const made = await project.run(['backup', 'create', '--label', 'before 2.0']);
    assert.equal(made.code, 0, made.stderr);
    const { backups } = await list();
    const last = backups.at(-1)!;
    assert.deepEqual([last.id, last.kind, last.label], [made.stdout.trim(), 'incremental', 'before 2.0']);
    await until(async () => (await list()).coveredUntil !== null);
    const people = await project.run(['backup', 'list']);
    assert.match(people.stdout, /before 2\.0/);
    assert.match(people.stderr, /encrypted\.\nEvery moment up to .* can be restored\.\n/);
    const verified = await project.json<{ ok: boolean }>('backup', 'verify');
    assert.equal(verified.ok, true);
    const tried = await project.run(['backup', 'test']);
    assert.equal(tried.code, 0, tried.stderr + tried.stdout);
    assert.match(tried.stdout, new RegExp(`^${last.id}: restored and read: `));
    assert.equal((await list()).lastTest?.ok, true);
    const doctor = await project.run(['doctor']);
    assert.match(doctor.stdout, /Backups +the last one is of/);
    assert.match(doctor.stdout, /Backups +tested .*restored and read/);
  });

  it('are named where an import is given up, with the moment before it', async () => {
    const file = join(project.folder, 'ends.sql');
    writeFileSync(
      file,
      `create table public.half (id int); create role backup_filler; do $$ begin perform pg_terminate_backend(pg_backend_pid()); end $$;\n`,
    );
    assert.equal((await project.run(['import', 'postgres', file, '--allow-incomplete'])).code, 1);
    const { stderr } = await project.run(['import', 'abandon']);
    const [, at] =
      /: peakstone down && peakstone backup restore --to (\S+) && peakstone up --detach --port-base \d+$/m.exec(
        stderr,
      ) ?? [];
    assert.ok(at !== undefined && Date.parse(at) < Date.now(), stderr);
    const undone = await project.run(['import', 'abandon', '--undo', '--yes']);
    assert.deepEqual([undone.code, undone.stdout], [0, 'table public.half\n'], undone.stderr);
  });

  it('restores to a moment beside the stack, and then in its place, where the old one is kept', async () => {
    await sql('insert into ledger values (11)');
    const moment = new Date(Date.now() + 1).toISOString();
    await new Promise(resolve => setTimeout(resolve, 20));
    await sql('delete from ledger');
    await until(async () => ((await list()).coveredUntil ?? '') > moment);
    await fails(['restore', '--to', moment], 1, /A stack runs in/, /peakstone down.*--into/);
    await fails(['restore', '--to', moment.replace('Z', '')], 1, /says no time zone/, /for UTC/);
    await fails(
      ['restore', '--to', '2001-01-01T00:00:00Z', '--into', 'then'],
      1,
      /lies before what can be restored/,
    );
    const beside = await project.run(['backup', 'restore', '--to', moment, '--into', 'then']);
    assert.equal(beside.code, 0, beside.stderr);
    assert.ok(existsSync(join(project.folder, 'then/PG_VERSION')));
    await fails(['restore', '--into', 'then'], 1, /then is not empty/);
    await project.run(['down']);
    await fails(
      ['restore', '--to', moment],
      2,
      /will be replaced; it is kept beside it\. Nothing was done/,
      /--yes/,
    );
    const replaced = await project.json<{ folder: string; kept: string }>(
      'backup',
      'restore',
      '--to',
      moment,
      '--yes',
    );
    assert.ok(statSync(replaced.kept).isDirectory());
    assert.deepEqual(
      readdirSync(join(project.folder, '.peakstone')).filter(name => /restor/.test(name)),
      [],
    );
    await up();
    assert.match(await sql('select count(*) from ledger'), /11/);
    await untilHealthy(project);
  });

  it('of a copied folder makes none among those of the original, until it takes them over', async () => {
    const copy = new Project();
    try {
      cpSync(join(project.folder, '.env'), join(copy.folder, '.env'));
      const store = join(project.folder, '.peakstone/backups');
      copy.env.BACKUP_STORE = store;
      const restored = await copy.run(['backup', 'restore', '--yes']);
      assert.equal(restored.code, 0, restored.stderr);
      assert.match(
        restored.stderr,
        new RegExp(`Its backups are written by ${join(project.folder, '.peakstone')} on .* backup takeover`),
      );
      const started = await copy.run(['up', '--detach', '--port-base', String(await reservePorts(5))]);
      assert.equal(started.code, 0, started.stderr);
      assert.doesNotMatch(started.stderr, /earlier version/);
      const made = await copy.run(['backup', 'create']);
      assert.equal(made.code, 1, made.stderr);
      assert.match(
        made.stderr,
        /are written by .*; this is another stack, or a copy of that one[\s\S]*backup takeover/,
      );
      await until(async () =>
        /this is another stack, or a copy of that one/.test((await copy.run(['status'])).stdout),
      );
      // Nothing of it is among what the original restores.
      await until(async () => (await list()).timeline === 2);
      const { backups } = await list();
      assert.ok(backups.every(each => each.timeline <= 2));
      await untilHealthy(project);
    } finally {
      await copy.close();
    }
  });

  it('of another database in the same place are never taken for this one’s', async () => {
    const fresh = new Project({ BACKUP_STORE: join(project.folder, '.peakstone/backups') });
    try {
      cpSync(join(project.folder, '.env'), join(fresh.folder, '.env'));
      const started = await fresh.run(['up', '--detach', '--port-base', String(await reservePorts(5))]);
      assert.equal(started.code, 0, started.stderr);
      await until(async () => (await fresh.run(['backup', 'list'])).code === 0);
      const { stderr } = await fresh.run(['backup', 'list']);
      assert.match(
        stderr,
        /In the same place \(--cluster ID\): \d+ \(newest .*, of .* on .*, databases .*postgres/,
      );
      await fresh.run(['down']);
      rmSync(join(fresh.folder, '.peakstone/postgres'), { recursive: true, force: true });
      const restored = await fresh.run(['backup', 'restore', '--yes']);
      assert.equal(restored.code, 1, restored.stderr);
      assert.match(restored.stderr, /holds the backups of several databases[\s\S]*Choose one with --cluster/);
      await fails(['verify', '--cluster', '1'], 1, /holds no backups of cluster \(1\)/);
    } finally {
      await fresh.close();
    }
  });

  it('goes on after the restore, on a timeline of its own', async () => {
    await sql('insert into ledger values (12)');
    const made = await project.json<{ timeline: number }>('backup', 'create');
    assert.equal(made.timeline, 2);
    const verified = await project.json<{ ok: boolean; walProblems: string[] }>(
      'backup',
      'verify',
      '--quick',
    );
    assert.deepEqual([verified.ok, verified.walProblems], [true, []]);
  });

  it('serves in a container of its own with nothing but an environment, empty where nothing is set', async () => {
    const password = (await project.run(['secrets', 'DB_BACKUP_PASSWORD'])).stdout.trim();
    const status = await project.json<StackStatus>('status');
    const database = status.services.find(({ name }) => name === 'postgres')!;
    const healthPort = await reservePorts();
    const alone = new Project({
      ...{
        PGHOST: '127.0.0.1',
        PGPORT: String(database.port),
        PGUSER: 'db_backup',
        DB_BACKUP_PASSWORD: password,
      },
      ...{ BACKUP_HEALTH_PORT: String(healthPort), BACKUP_FULL: '', BACKUP_KEY: '', BACKUP_S3_ENDPOINT: '' },
      ...{ BACKUP_KEEP_DAYS: '', BACKUP_WAL_SECONDS: '', BACKUP_DATABASE_URL: '', AWS_REGION: '' },
      POSTGRES_SUPERUSER: 'postgres',
    });
    alone.env.BACKUP_STORE = join(alone.folder, 'store');
    const child = alone.start('backup', 'serve');
    const done = finish(child);
    try {
      // The stack's own service has the slot: this one waits for it, and says so, without an end.
      await until(
        async () => (await fetch(`http://127.0.0.1:${healthPort}/`).catch(() => null))?.status === 200,
      );
      await until(async () => {
        const { stdout } = await alone.run(['backup', 'list', '--json']);
        return stdout !== '' && (JSON.parse(stdout) as Listed).backups.length > 0;
      });
      const tried = await alone.run(['backup', 'test']);
      assert.equal(tried.code, 0, tried.stderr + tried.stdout);
    } finally {
      child.kill('SIGTERM');
    }
    const { code, stdout, stderr } = await done;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /backup \S+F made: /);
    rmSync(alone.folder, { recursive: true, force: true });
  });

  it('says by its exit code and by status when something is wrong, until it is right again', async () => {
    const root = join(project.folder, '.peakstone/backups');
    const bases = join(root, readdirSync(root)[0]!, 'base');
    const parts = readdirSync(bases).map(id => join(bases, id, '000000'));
    for (const part of parts) renameSync(part, `${part}.away`);
    const { code, stdout } = await project.run(['backup', 'verify', '--quick']);
    assert.equal(code, 4);
    assert.match(stdout, /cannot be restored\n {2}base\/.* is not in /);
    assert.equal((await project.run(['backup', 'test'])).code, 4);
    await until(async () => {
      const status = await project.run(['status']);
      return (
        status.code === 4 &&
        /backup \S+ failed its test of |found no backup that can be restored/.test(status.stdout)
      );
    });
    for (const part of parts) renameSync(`${part}.away`, part);
    assert.equal((await project.run(['backup', 'test'])).code, 0);
    await untilHealthy(project);
  });

  it('does not read what another key has encrypted', async () => {
    const file = join(project.folder, '.env');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(/^BACKUP_KEY=.*$/m, `BACKUP_KEY=${'0'.repeat(64)}`));
    await fails(['list'], 1, /BACKUP_KEY is not the key of these backups/);
    writeFileSync(file, text);
    // Nor is it rotated with the passwords: every backup would be lost.
    await project.run(['secrets', 'rotate', 'DB_BACKUP_PASSWORD']);
    assert.match(readFileSync(file, 'utf8'), new RegExp(/^BACKUP_KEY=.*$/m.exec(text)![0]));
    const status = await untilHealthy(project);
    assert.ok(
      status.services.find(({ name }: StackStatus['services'][number]) => name === 'backup')!.state ===
        'healthy',
    );
  });

  it('are begun anew by a takeover where the store is gone for good, and by nothing else', async () => {
    const root = join(project.folder, '.peakstone/backups');
    rmSync(root, { recursive: true });
    await sql('insert into ledger values (13)');
    await fails(['create'], 1, /What this stack stored in .* is not there[\s\S]*backup takeover/);
    await until(async () => /is not there/.test((await project.run(['status'])).stdout));
    assert.match(
      (await project.run(['doctor'])).stdout,
      /fail +Backups +What this stack stored in .* is not there/,
    );
    assert.equal(existsSync(root), false);
    const { from, place } = await project.json<{ from: unknown; place: string }>('backup', 'takeover');
    assert.deepEqual([from, place], [null, root]);
    await until(async () => {
      const { code, stdout } = await project.run(['backup', 'list', '--json']);
      return code === 0 && (JSON.parse(stdout) as Listed).backups.length > 0;
    });
    await untilHealthy(project);
    assert.deepEqual(
      (await list()).backups.map(({ kind }) => kind),
      ['full'],
    );
    const again = await project.json<{ from: unknown }>('backup', 'takeover');
    assert.equal(again.from, null);
    await untilHealthy(project);
    const into = join(project.folder, 'anew');
    const { code, stderr } = await project.run(['backup', 'restore', '--into', into]);
    assert.equal(code, 0, stderr);
  });

  it('turned off, stops and has the server keep nothing for it; what there is can be restored as before', async () => {
    const slots = async () => {
      const { stdout } = await project.run([
        'sql',
        '--superuser',
        '--json',
        'select count(*)::int as n from pg_replication_slots',
      ]);
      return (JSON.parse(stdout) as { n: number }[])[0]!.n;
    };
    assert.equal(await slots(), 1);
    const off = await project.run(['backup', 'schedule', 'off']);
    assert.equal(off.code, 0, off.stderr);
    assert.equal(off.stdout, 'Backups are off.\n');
    assert.equal(await slots(), 0);
    assert.equal((await project.run(['backup', 'schedule', 'off'])).code, 0);
    assert.ok((await list()).backups.length > 0);
    const { code, stderr } = await project.run(['backup', 'create']);
    assert.equal(code, 0, stderr);
    assert.equal(await slots(), 0);
  });
});
