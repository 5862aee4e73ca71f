import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explainFailure } from './failure.ts';

const codeOf = (...log: string[]) => explainFailure(log, '/data', 1).code;

describe('a server that did not start is explained', () => {
  it('when its port is taken', () => {
    assert.equal(
      codeOf('LOG:  could not bind IPv4 address "127.0.0.1": Address already in use'),
      'PORT_IN_USE',
    );
  });

  it('when the disk is full', () => {
    assert.equal(
      codeOf('FATAL:  could not write lock file "postmaster.pid": No space left on device'),
      'DISK_FULL',
    );
  });

  it('when another server uses the folder', () => {
    assert.equal(codeOf('FATAL:  lock file "postmaster.pid" already exists'), 'IN_USE');
    assert.equal(codeOf('FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use'), 'IN_USE');
  });

  it('when its data is of another version', () => {
    assert.equal(codeOf('FATAL:  database files are incompatible with server'), 'WRONG_MAJOR_VERSION');
  });

  it('with what to do about it', () => {
    for (const [said, hint] of [
      ['FATAL:  lock file "postmaster.pid" is empty', /rm \/data\/postmaster\.pid/],
      ['FATAL:  data directory "/data" has invalid permissions', /chmod 700 \/data/],
      ['FATAL:  configuration file "/data/postgresql.auto.conf" contains errors', /postgresql\.auto\.conf/],
      ['FATAL:  could not map anonymous shared memory: Cannot allocate memory', /postgresql\.auto\.conf/],
      ['FATAL:  the weather is bad', /^It said last:\nFATAL: {2}the weather is bad$/],
    ] as const)
      assert.match(explainFailure([said], '/data', 1).hint ?? '', hint);
  });

  it('by its own last fatal words otherwise', () => {
    const error = explainFailure(
      ['2026 [1] FATAL:  invalid value for parameter "x"', 'LOG: bye'],
      '/data',
      1,
    );
    assert.equal(error.code, 'START_FAILED');
    assert.match(error.message, /invalid value for parameter "x"$/);
    assert.match(error.hint ?? '', /postgresql\.auto\.conf/);
    // In what is printed, and not in the cause, which is not.
    assert.match(error.hint ?? '', /It said last:\n.*invalid value for parameter "x"\nLOG: bye$/);
  });
});
