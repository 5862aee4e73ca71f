import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AnswerBound, isOutOfValueMemory } from './answerBound.ts';
import { PgError } from './errors.ts';

const MiB = 1024 * 1024;
const sized = (what: string, factor: string): string =>
  `pg_catalog.to_json(pg_catalog.sum(pg_catalog.pg_column_size(${what}) operator(pg_catalog.*) ${factor})`;

describe('the bound of an answer', () => {
  it('leaves a statement that makes no list as it is', () => {
    assert.deepEqual(new AnswerBound(MiB).finish('select 1'), { text: 'select 1' });
  });

  it('is a sum that overflows: at a share of the bytes for all lists, and at all of them in the large text', () => {
    const bound = new AnswerBound(64 * MiB);
    const list = `json_agg(a), ${bound.sum('a')}, ${bound.sum('b', ' filter (where c)')}`;
    const { text, large } = bound.finish(list);
    const factor = Number.MAX_VALUE / (2 * MiB);
    assert.equal(
      text,
      `json_agg(a), ${sized('a', `'${factor}'::float8`)}), ${sized('b', `'${factor}'::float8`)} filter (where c))`,
    );
    const seconds = `('${9.22e12 / (64 * MiB)}'::float8 operator(pg_catalog.*) '1 second'::interval)`;
    assert.deepEqual(large, {
      maxBytes: 64 * MiB,
      text: `json_agg(a), ${sized('a', seconds)}), ${sized('b', seconds)} filter (where c))`,
    });
  });
});

describe('being out of memory', () => {
  const of = (code: string, detail: string, routine: string): boolean =>
    isOutOfValueMemory(new PgError({ severity: 'ERROR', code, message: 'out of memory', detail, routine }));
  const request = (bytes: number, context: string): boolean =>
    of(
      '53200',
      `Failed on request of size ${bytes} in memory context "${context}".`,
      'MemoryContextAllocationFailure',
    );

  it('is about a value where that was to be long', () => {
    assert.ok(request(536_870_912, 'ExprContext'));
    assert.ok(request(268_435_456, 'ExecutorState'));
    assert.ok(request(300_000_004, 'MessageContext'));
    assert.ok(
      of(
        '54000',
        'Cannot enlarge string buffer containing 1020000000 bytes by 60000000 more bytes.',
        'enlargeStringInfo',
      ),
    );
    assert.ok(
      of(
        '54000',
        'Due to an implementation restriction, jsonb strings cannot exceed 268435455 bytes.',
        'checkStringLen',
      ),
    );
  });

  it('is about something else where a hash, a sort, a plan or a small thing had no room', () => {
    assert.ok(!request(134_217_728, 'HashBatchContext'));
    assert.ok(!request(33_554_432, 'TupleSort main'));
    assert.ok(!request(268_435_460, 'SPI Proc'));
    assert.ok(!request(146_634_384, 'expanded array'));
    assert.ok(!request(12, 'ExprContext'));
    assert.ok(!request(20, 'ExecutorState'));
    assert.ok(!of('54000', '', 'transformTargetList'));
    assert.ok(!of('53100', 'Failed on request of size 536870912 in memory context "ExprContext".', ''));
  });
});
