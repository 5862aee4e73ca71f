import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import {
  ConnectionError,
  createPool,
  type Exchange,
  PgError,
  type Pool,
  type Statement,
} from '../../src/pg/index.ts';

const runMs = 2500;
/** A busy machine needs longer for enough to happen. */
const maxMs = 60_000;
const wantedAnswers = 500;

/** One random exchange and what it must come to. */
interface Case {
  readonly exchange: Exchange;
  /** First cell of each statement. */
  readonly expected: readonly string[];
  readonly inserted: readonly string[];
  readonly refused: boolean;
  readonly end: 'commit' | 'rollback';
}

function pick<T>(...choices: readonly T[]): T {
  return choices[Math.floor(Math.random() * choices.length)]!;
}

function makeCase(id: number): Case {
  const statements: Statement[] = [];
  const expected: string[] = [];
  const inserted: string[] = [];
  let refused = false;
  for (let i = Math.floor(Math.random() * 4); i >= 0; i--) {
    const value = `${id}-${i}`;
    const kind = Math.random();
    expected.push(value);
    if (kind < 0.08) {
      refused = true;
      statements.push({
        text: pick('select 1 / ($1::int - 1)', 'selec $1', 'select $1 from nowhere'),
        values: ['1'],
      });
    } else if (kind < 0.3) {
      inserted.push(value);
      statements.push({ text: 'insert into acts values ($1) returning id', values: [value] });
    } else if (kind < 0.35) {
      expected[expected.length - 1] = value.padEnd(Math.floor(Math.random() * 200_000), 'z');
      statements.push({ text: 'select $1::text', values: [expected.at(-1)!] });
    } else {
      // More texts than the statement cache holds, so that it keeps evicting.
      const text = `select $1::text /* ${Math.floor(Math.random() * 9)} */`;
      statements.push({ text, values: [value], prepare: Math.random() > 0.1 });
    }
  }
  const begin = pick(undefined, 'begin', 'begin isolation level repeatable read');
  const end = begin ? pick('commit', 'commit', 'rollback') : 'commit';
  const exchange: Exchange = {
    statements,
    lane: pick('own', 'shared'),
    ...(begin ? pick({ begin, end }, { begin, inspect: () => end }) : {}),
    ...(Math.random() < 0.05 ? { signal: AbortSignal.timeout(Math.floor(Math.random() * 10)) } : {}),
  };
  return { exchange, expected, inserted, refused, end };
}

describe('everything at once', () => {
  let database: TestDatabase;
  let pool: Pool;
  let admin: Pool;
  before(async () => {
    database = await testDatabase({
      sql: 'create table acts (id text primary key); grant all on acts to public',
    });
    pool = createPool({ url: database.url, size: 5, statementCacheSize: 6, maxLifetimeMs: 500 });
    admin = createPool({ url: database.superuserUrl, size: 1 });
  });
  after(async () => {
    await Promise.all([pool.close(), admin.close()]);
    await database.drop();
  });

  it('gives each exchange its own answer, while statements fail, callers leave and backends die', async () => {
    const committed = new Set<string>();
    const undone = new Set<string>();
    const startedAt = performance.now();
    let serial = 0;
    let answers = 0;
    let broken = 0;
    const goesOn = (): boolean => {
      const ran = performance.now() - startedAt;
      return ran < runMs || ((answers <= wantedAnswers || broken === 0) && ran < maxMs);
    };
    const worker = async (): Promise<void> => {
      while (goesOn()) {
        const { exchange, expected, inserted, refused, end } = makeCase(serial++);
        try {
          const results = await pool.exchange(exchange);
          assert.equal(refused, false);
          assert.deepEqual(
            results.map(result => String(result.rows[0]![0])),
            expected,
          );
          for (const id of inserted) (end === 'commit' ? committed : undone).add(id);
          answers++;
        } catch (error) {
          if (error instanceof PgError) {
            assert.ok(refused, error.message);
            for (const id of inserted) undone.add(id);
          } else if (error instanceof ConnectionError || (error as Error).name === 'TimeoutError') {
            // Whether it took effect is unknown.
            broken++;
          } else {
            throw error;
          }
        }
      }
    };
    const terminate = `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() order by random() limit 1`;
    const killer = setInterval(() => void admin.query(terminate).catch(() => broken++), 200);
    try {
      await Promise.all(Array.from({ length: 40 }, worker));
    } finally {
      clearInterval(killer);
    }
    const { rows } = await admin.query('select id from acts');
    const kept = new Set(rows.map(row => String(row[0])));
    assert.deepEqual(
      [...committed].filter(id => !kept.has(id)),
      [],
    );
    assert.deepEqual(
      [...undone].filter(id => kept.has(id)),
      [],
    );
    assert.ok(answers > wantedAnswers && broken > 0, `${answers} answers, ${broken} broken`);
    assert.equal(pool.stats.waiting, 0);
    // What was abandoned may still be winding up.
    for (let i = 0; i < 1000 && pool.stats.idle !== pool.stats.size; i++) await sleep(50);
    assert.equal(pool.stats.idle, pool.stats.size);
  });
});
