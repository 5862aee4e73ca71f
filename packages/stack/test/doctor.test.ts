import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type Check, examine } from '../src/run/doctor/index.ts';
import { stackPaths } from '../src/run/paths.ts';
import { secretVariables } from '../src/run/secrets.ts';

const folder = mkdtempSync(join(tmpdir(), 'peakstone-doctor-'));
after(() => rmSync(folder, { recursive: true }));
const strong = 'Zm9vYmFyYmF6cXV4cXV1eGNvcmdlZ3JhdWx0Z2FycGx5d2FsZG9mcmVkcGx1Z2h4eXp6eXRodWQ';

function examined(env: string, mode = 0o600): Promise<Check[]> {
  writeFileSync(join(folder, '.env'), env);
  chmodSync(join(folder, '.env'), mode);
  return examine(stackPaths(folder), {});
}

function levels(checks: readonly Check[], title: string): string[] {
  return checks.filter(check => check.title === title).map(check => check.level);
}

describe('examining a stack that does not run', () => {
  const all = (except: Record<string, string> = {}): string =>
    secretVariables.map(({ name }) => `${name}=${except[name] ?? strong}`).join('\n');

  it('is content with good secrets that nobody else can read', async () => {
    const checks = await examined(all());
    assert.deepEqual(levels(checks, '.env'), ['ok']);
    assert.deepEqual(levels(checks, 'Secrets'), ['ok']);
    assert.deepEqual(levels(checks, 'Data folder'), ['ok']);
    assert.equal(checks.filter(check => check.title === 'Port').length, 3);
    assert.ok(
      checks.every(check => check.level === 'ok' || check.todo),
      'what is not well says what to do',
    );
  });

  it('warns of a file that others can read', async () => {
    const [check] = (await examined(all(), 0o644)).filter(({ title }) => title === '.env');
    assert.equal(check?.level, 'warn');
    assert.match(check?.todo ?? '', /chmod 600/);
  });

  it('names weak and missing secrets, never showing one', async () => {
    const checks = await examined(
      all({ JWT_SECRET: 'changeme-please', HASURA_ADMIN_SECRET: 'a'.repeat(64), DB_MIGRATOR_PASSWORD: '' }),
    );
    const found = checks.filter(check => check.title === 'Secrets').map(check => check.found);
    assert.deepEqual(found, [
      'not set: DB_MIGRATOR_PASSWORD',
      'JWT_SECRET looks like a placeholder',
      'HASURA_ADMIN_SECRET is one letter again and again',
    ]);
    assert.doesNotMatch(JSON.stringify(checks), new RegExp(`${strong}|changeme-please`));
  });

  it('names the line of .env that cannot be read', async () => {
    const [check] = (await examined('A=1\nthis is not a setting\n')).filter(({ title }) => title === '.env');
    assert.equal(check?.level, 'fail');
    assert.match(check?.found ?? '', /line 2/);
  });

  it('fails on data of another PostgreSQL', async () => {
    mkdirSync(join(folder, '.peakstone/postgres'), { recursive: true });
    writeFileSync(join(folder, '.peakstone/postgres/PG_VERSION'), '16\n');
    assert.deepEqual(levels(await examined(all()), 'Database'), ['fail']);
  });
});
