import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeRefusals, type Refusal } from './administratorOnly.ts';

const refusal = (code: string, why: string, makes?: string): Refusal => ({
  ...{ name: 'statement backup.sql:1', code, why },
  ...(makes !== undefined && { makes }),
});
const leakproof = refusal('42501', 'only superuser can define a leakproof function', 'is mine');
const gone = (name: string, makes?: string) =>
  refusal('42883', `function public.${name} does not exist`, makes);

describe('statements of a backup that a test was refused', () => {
  it('are no fault of the backup where only an administrator may say them', () => {
    const { broken, administratorOnly } = judgeRefusals([
      leakproof,
      refusal('42501', 'permission denied for language c', 'f'),
      refusal('42501', 'must be superuser to create FOR TABLES IN SCHEMA publication', 'p'),
    ]);
    assert.deepEqual([broken.length, administratorOnly.length], [0, 3]);
  });

  it('nor where they stand on such a one, however far', () => {
    const view = gone('"is mine"(integer)', 'mine');
    const grant = refusal('42P01', 'relation "public.mine" does not exist');
    assert.deepEqual(judgeRefusals([leakproof, view, grant]).broken, []);
  });

  it('are the backup’s where anything else is wrong, also beside such a one', () => {
    const other = refusal('42P01', 'relation "public.absent" does not exist', 'w');
    const syntax = refusal('42601', 'syntax error at or near "mine"', 'mine');
    assert.deepEqual(judgeRefusals([leakproof, other, syntax]).broken, [other, syntax]);
    // Said before what it stands on, it is in a wrong order.
    const early = gone('"is mine"(integer)', 'mine');
    assert.deepEqual(judgeRefusals([early, leakproof]).broken, [early]);
    assert.equal(judgeRefusals([{ name: 'extension x', why: 'not so' }]).broken.length, 1);
  });
});
