/** `peakstone migrate` in a project, against the stack that runs there. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { reservePorts } from '@peakstone/testing';
import { Project } from './cli.ts';

describe('migrations of a project', () => {
  const project = new Project();
  const migrate = (...argv: string[]) => project.run(['migrate', ...argv]);
  const write = (name: string, text: string): void =>
    writeFileSync(join(project.folder, 'migrations', name), text);

  before(async () => {
    await project.json('up', '--detach', '--port-base', String(await reservePorts(4)));
  });
  after(() => project.close());

  it('are made, hashed and applied, and served when the command returns', async () => {
    const made = await migrate('new', 'tasks');
    assert.match(made.stderr, /^Made migrations\/\d{14}_tasks\.sql\.\n$/);
    const [, name] = /migrations\/(.*\.sql)/.exec(made.stderr)!;
    assert.ok(existsSync(join(project.folder, 'migrations/atlas.sum')));
    write(name!, 'create table public.tasks (id int primary key);\ninsert into public.tasks values (7);\n');
    const edited = await migrate('apply');
    assert.equal(edited.code, 1);
    assert.match(edited.stdout, new RegExp(`\tL2: ${name} was edited\n`));
    assert.match(edited.stderr, /checksum mismatch/);
    assert.equal(
      (await project.together('migrate', 'apply')).match(new RegExp(`L2: ${name} was edited`, 'g'))?.length,
      1,
    );
    assert.equal((await migrate('hash')).code, 0);
    const applied = await migrate('apply');
    assert.equal(applied.code, 0, applied.stderr);
    const { stdout } = await project.run(['sql', '--role', 'web_anon', '--json', 'select id from tasks']);
    assert.deepEqual(JSON.parse(stdout), [{ id: 7 }]);
    assert.match((await migrate('status')).stdout, /^Migration Status: OK\n/);
    assert.equal(JSON.parse((await migrate('status', '--format', '{{ json . }}')).stdout).Status, 'OK');
  });

  it('fail with a place, what is kept, and the way on; nothing of them is left', async () => {
    write('20990101000000_bad.sql', 'create table public.half (id int);\nselect nope;\n');
    await migrate('hash');
    const { code, stdout, stderr } = await migrate('apply');
    assert.equal(code, 1);
    assert.match(stdout, / {4}pq: column "nope" does not exist at column 8 \(42703\)\n/);
    assert.match(
      stderr,
      /^error: 20990101000000_bad\.sql:2:8: column "nope" does not exist\nhint: {2}Of this file nothing is kept/,
    );
    // On a terminal, or by 2>&1, each is said once.
    const together = await project.together('migrate', 'apply');
    assert.equal(together.match(/column "nope" does not exist/g)?.length, 1, together);
    assert.match(together, /-- 1 migration with errors\n/);
    const json = await migrate('apply', '--json');
    assert.equal(JSON.parse(json.stdout).Applied[0].Error.Stmt, 'select nope;');
    write('20990101000000_bad.sql', 'create table public.half (id int);\n');
    await migrate('hash');
    assert.equal((await migrate('apply')).code, 0);
  });

  it('name what is wrong with a command line, and do nothing', async () => {
    for (const [argv, message, code] of [
      [['apply', '0'], /AMOUNT needs a number of files from 1 on, not '0'/, 2],
      [['apply', '--tx-mode', 'some'], /--tx-mode cannot be 'some'/, 2],
      [['apply', '--lock-timeout', 'soon'], /--lock-timeout needs a time, not 'soon'/, 2],
      [['apply', '--baseline', '1', '--allow-dirty'], /exclude each other/, 2],
      [['status', '--format', '{{ .Status }}'], /is none that is understood here/, 2],
      [['status', '--dir', 'nowhere'], /There is no folder .*nowhere/, 1],
      [['set', '1'], /migration with version "1" not found/, 1],
      [['new', '../x'], /is no part of a file's name/, 2],
      [['apply', '--url', 'postgres://x@127.0.0.1:1/x'], /Cannot reach PostgreSQL/, 1],
    ] as const) {
      const ran = await migrate(...argv);
      assert.match(ran.stderr, message);
      assert.equal(ran.code, code, argv.join(' '));
    }
  });

  it('are validated on a throw-away server, with the roles of the stack', async () => {
    const folder = join(project.folder, 'other');
    mkdirSync(folder);
    writeFileSync(
      join(folder, '1.sql'),
      'create table public.t (owner uuid default auth.uid());\nselect nope;\n',
    );
    await migrate('hash', '--dir', 'other');
    assert.equal((await migrate('validate', '--dir', 'other')).code, 0);
    const { code, stderr } = await migrate('validate', '--dir', 'other', '--replay');
    assert.equal(code, 1);
    assert.match(stderr, /1\.sql:2:8: column "nope" does not exist/);
    assert.match(readFileSync(join(folder, 'atlas.sum'), 'utf8'), /^h1:/);
  });
});
