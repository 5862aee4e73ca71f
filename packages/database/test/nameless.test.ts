/** A container may run as a user whom its system does not know. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';

const uid = 54_321;

/** What a module of ours says to such a user, in a process of its own. */
function asNameless(script: string) {
  return spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: '/',
    env: {},
    uid,
    gid: uid,
    encoding: 'utf8',
  });
}

const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
const cannot =
  process.getuid?.() !== 0
    ? 'only root may be another user'
    : asNameless(`await import(${url('../src/errors.ts')})`).status !== 0 &&
      'this folder is closed to others';

describe('a user without a name', { skip: cannot || false }, () => {
  it('is told in a line what PostgreSQL lacks, and what to do', () => {
    const { stdout, stderr } = asNameless(
      `const { resolveRunUser } = await import(${url('../src/host/user.ts')});
       try { resolveRunUser(undefined, () => {}); } catch (error) { console.log(error.message, error.hint); }`,
    );
    assert.match(stdout, /The user 54321 .* has no name.*\/etc\/passwd.*DATABASE_ENGINE/, stderr);
  });

  it('has no folder in which a password file could be', () => {
    const { stdout, stderr } = asNameless(
      `const { findPassword } = await import(${url('../../kernel/src/pg/wire/passfile.ts')});
       console.log(await findPassword({}, { host: 'localhost', port: 5432 }));`,
    );
    assert.equal(stdout, 'null\n', stderr);
  });
});
