import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeRoutine } from '../test/support/catalog.ts';
import { defaultConfig, type RestConfig } from './config/types.ts';
import type { RequestFacts } from './transaction/settings.ts';
import { planTransaction, type Work } from './transaction.ts';

const identity = { role: 'web_user', claimsJson: '{"role":"web_user","sub":"1"}', isAnonymous: false };
const facts: RequestFacts = {
  method: 'GET',
  path: '/films',
  headers: { accept: 'application/json', cookie: 'a=1; b="two"', 'x-name': 'Ã©' },
  schema: 'api',
  preferences: { invalid: [] },
};
const read: Work = {
  main: [{ text: 'select 1', values: [] }],
  writes: false,
  routine: null,
  check: null,
  isShort: true,
};
const write: Work = { ...read, writes: true, isShort: false };
const config: RestConfig = { ...defaultConfig, dbExtraSearchPath: ['public'] };

describe('a request as one exchange', () => {
  it('sets everything by one statement that stays the same, read-only for reads, without BEGIN', () => {
    const { exchange, mainIndex } = planTransaction(read, identity, facts, config);
    const seed = exchange.statements[0]?.values[0];
    assert.deepEqual(exchange.statements, [
      {
        text: "select pg_catalog.pg_advisory_unlock_all(), pg_catalog.setseed($1), pg_catalog.set_config('transaction_isolation', 'read committed', true), pg_catalog.set_config('transaction_read_only', 'on', true), pg_catalog.set_config('search_path', $2, true), pg_catalog.set_config('role', $3, true), pg_catalog.set_config('request.jwt.claims', $4, true), pg_catalog.set_config('request.method', $5, true), pg_catalog.set_config('request.path', $6, true), pg_catalog.set_config('request.headers', $7, true), pg_catalog.set_config('request.cookies', $8, true)",
        values: [
          seed,
          '"api", "public"',
          'web_user',
          '{"role":"web_user","sub":"1"}',
          'GET',
          '/films',
          '{"accept":"application/json","x-name":"é"}',
          '{"a":"1","b":"two"}',
        ],
      },
      { text: 'select 1', values: [] },
    ]);
    assert.equal(mainIndex, 1);
    assert.equal(exchange.lane, 'shared');
    assert.equal(exchange.begin, undefined);
  });

  it('lets short writes follow one another, and gives every other a connection to itself', () => {
    const lane = (work: Work) => planTransaction(work, identity, facts, config).exchange.lane;
    assert.equal(lane({ ...write, isShort: true }), 'write');
    assert.equal(lane(write), 'own');
  });

  it('sets the settings of the role before the role, which may not be allowed to', () => {
    const withRole = {
      ...config,
      roleSettings: new Map([['web_user', new Map([['statement_timeout', '5s']])]]),
    };
    const [settings] = planTransaction(read, identity, facts, withRole).exchange.statements;
    assert.match(
      settings?.text ?? '',
      /set_config\(\$3, \$4, true\), pg_catalog\.set_config\('role', \$5, true\)/,
    );
    assert.deepEqual(settings?.values.slice(2, 5), ['statement_timeout', '5s', 'web_user']);
  });

  it('raises only the hoisted settings of a function', () => {
    const routine = makeRoutine('f', '', {
      settings: [
        ['statement_timeout', '1s'],
        ['work_mem', '1GB'],
      ],
    });
    const [settings] = planTransaction({ ...read, routine }, identity, facts, config).exchange.statements;
    assert.deepEqual(settings?.values.slice(-2), ['statement_timeout', '1s']);
  });

  it('calls the pre-request function before the statement', () => {
    const withPre = { ...config, dbPreRequest: { schema: 'api', name: 'check' } };
    const { exchange, mainIndex } = planTransaction(read, identity, facts, withPre);
    assert.equal(exchange.statements[1]?.text, 'select "api"."check"()');
    assert.equal(mainIndex, 2);
  });

  it('writes on a connection of its own, committing with the statement', () => {
    const { exchange } = planTransaction(write, identity, facts, config);
    assert.equal(exchange.lane, 'own');
    assert.equal(exchange.begin, undefined);
    assert.match(exchange.statements[0]?.text ?? '', /'transaction_read_only', 'off'/);
  });

  it('begins a transaction to undo a write, after making deferred constraints speak', () => {
    const { exchange } = planTransaction(
      write,
      identity,
      { ...facts, preferences: { tx: 'rollback', invalid: [] } },
      config,
    );
    assert.equal(exchange.begin, 'begin isolation level read committed read write');
    assert.equal(exchange.end, 'rollback');
    assert.equal(exchange.statements.at(-1)?.text, 'set constraints all immediate');
  });

  it('looks at the result before committing when it may be refused', () => {
    const seen: string[] = [];
    const check = (result: { readonly tag: string }): void => void seen.push(result.tag);
    const { exchange } = planTransaction({ ...write, check }, identity, facts, config);
    assert.equal(exchange.begin, 'begin isolation level read committed read write');
    const result = (tag: string) => ({ tag, fields: [], rows: [] });
    assert.equal(exchange.inspect?.([result('settings'), result('main')]), 'commit');
    assert.deepEqual(seen, ['main']);
  });

  it('begins at the isolation level of the function, or of the role', () => {
    const routine = makeRoutine('f', '', { settings: [['default_transaction_isolation', 'SERIALIZABLE']] });
    const ofFunction = planTransaction({ ...read, routine }, identity, facts, config).exchange;
    assert.equal(ofFunction.begin, 'begin isolation level serializable read only');
    const withRole = { ...config, roleIsolationLevels: new Map([['web_user', 'repeatable read' as const]]) };
    assert.equal(
      planTransaction(read, identity, facts, withRole).exchange.begin,
      'begin isolation level repeatable read read only',
    );
  });

  it('prepares nothing when told so', () => {
    const { exchange } = planTransaction(read, identity, facts, { ...config, dbPreparedStatements: false });
    assert.ok(exchange.statements.every(statement => statement.prepare === false));
  });
});
