import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../../deploy/postgres/restore-data.sh', import.meta.url));

// It hands the folder to the image's user where it is root.
describe('restore-data of the PostgreSQL image', {
  skip: spawnSync('id', ['-u', 'postgres']).status !== 0 && 'this machine has no user postgres',
}, () => {
  const top = mkdtempSync(join(tmpdir(), 'peakstone-restore-data-'));
  const volume = join(top, 'volume');
  const data = join(volume, 'data');
  beforeEach(() => {
    rmSync(volume, { recursive: true, force: true });
    mkdirSync(join(data, 'global'), { recursive: true });
    writeFileSync(join(data, 'PG_VERSION'), '17\n');
    writeFileSync(join(data, 'old'), '');
  });
  after(() => rmSync(top, { recursive: true, force: true }));

  const archive = (files: Readonly<Record<string, string>>, compression = '--no-auto-compress'): Buffer => {
    const folder = mkdtempSync(join(top, 'files-'));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const { stdout, status, stderr } = spawnSync('tar', [
      ...['--create', compression, '--file', '-', '--directory', folder, '.'],
    ]);
    assert.equal(status, 0, String(stderr));
    return stdout;
  };
  const restore = (input: Buffer) => {
    const { status, stderr } = spawnSync('bash', [script], {
      input,
      env: { ...process.env, PGDATA: data, PG_MAJOR: '17' },
    });
    return { status, stderr: String(stderr) };
  };
  const files = { PG_VERSION: '17\n', 'global/pg_control': 'control', new: 'x'.repeat(100_000) };

  for (const compression of ['--no-auto-compress', '--gzip'])
    it(`puts a folder in the place of another, which stays (${compression.slice(2)})`, () => {
      const { status, stderr } = restore(archive(files, compression));
      assert.equal(status, 0, stderr);
      assert.equal(readFileSync(join(data, 'new'), 'utf8').length, 100_000);
      const [kept, ...others] = readdirSync(volume).filter(name => name !== 'data');
      assert.deepEqual(others, []);
      assert.match(kept!, /^data\.before-\d{8}T\d{6}$/);
      assert.ok(existsSync(join(volume, kept!, 'old')));
      assert.ok(stderr.includes(kept!));
    });

  it('changes nothing for what is empty, cut short, no data folder, or of another version', () => {
    const cases: readonly [Buffer, RegExp][] = [
      [Buffer.alloc(0), /the archive is empty: what was to make it has failed/],
      [Buffer.from('error: no backup\n'), /cannot be read to its end/],
      [archive(files, '--gzip').subarray(0, 200), /cannot be read to its end/],
      [archive(files).subarray(0, 60_000), /cannot be read to its end/],
      [archive({ 'data/PG_VERSION': '17' }), /is no data folder/],
      [archive({ ...files, PG_VERSION: '16\n' }), /is of PostgreSQL 16, and this image is 17/],
    ];
    for (const [input, message] of cases) {
      const { status, stderr } = restore(input);
      assert.equal(status, 1, stderr);
      assert.match(stderr, message);
      assert.match(stderr, /nothing was changed/);
      assert.deepEqual(readdirSync(volume), ['data']);
      assert.ok(existsSync(join(data, 'old')));
    }
  });

  it('refuses a folder that a server holds', async () => {
    const holder = spawn('flock', ['--nonblock', data, 'sh', '-c', 'echo held; cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    const { status, stderr } = restore(archive(files));
    holder.stdin.end();
    await once(holder, 'close');
    assert.equal(status, 1);
    assert.match(stderr, /a server runs on .*: stop it first/);
    assert.ok(existsSync(join(data, 'old')));
  });
});
