/**
 * What a request costs before PostgreSQL sees it: URL and headers to statement and settings, no I/O.
 *
 * Usage: npm run bench -- rest/compile
 */
import { compileRead } from '../src/compile.ts';
import { defaultConfig } from '../src/config/types.ts';
import { createMemo, type Prepared } from '../src/engine/memo.ts';
import { parseRequest } from '../src/parse/request.ts';
import { parseTarget, type RequestParts } from '../src/parse/target.ts';
import { planTransaction } from '../src/transaction.ts';
import { makeCatalog } from '../test/support/catalog.ts';

const catalog = makeCatalog({
  tables: {
    item: 'id! integer, name text, price numeric, stock integer, created_at timestamp with time zone',
    purchase: 'id! integer, item_id integer, quantity integer, buyer text',
  },
  foreignKeys: ['purchase.item_id -> item.id'],
});
const config = { ...defaultConfig, dbSchemas: ['api'], dbAnonRole: 'web_anon' };
const identity = { role: 'web_anon', claimsJson: '{"role":"web_anon"}', isAnonymous: true };
const headers = {
  accept: 'application/json',
  host: 'localhost',
  authorization: 'Bearer x.y.z',
  'user-agent': 'bench',
};

const SHAPES: Readonly<Record<string, string>> = {
  'one row by key': 'id=eq.%',
  'hundred rows, three columns': 'select=id,name,price&order=id&limit=100&id=gt.%',
  'an item with its purchases': 'id=eq.%&select=id,name,purchase(id,quantity,buyer)',
  'four filters and a tree':
    'stock=gt.%&price=lt.100&name=like.A*&or=(id.eq.%,and(id.gt.5,id.lt.9))&select=id,name',
};

const ROUNDS = 7;
const REQUESTS = 20_000;

const memo = createMemo();

/** As the engine does it, with or without looking for a known shape first. */
function compileOnce(query: string, remembers: boolean): number {
  const parts = { method: 'GET', path: '/item', query, headers };
  const known = remembers ? memo.find(parts, catalog, config) : null;
  const { api, compiled } = known ?? compileAnew(parts);
  const work = { main: compiled.statements, writes: false, routine: null, check: null, isShort: true };
  const facts = { method: 'GET', path: '/item', headers, schema: 'api', preferences: api.preferences };
  return planTransaction(work, identity, facts, config).exchange.statements.length;
}

function compileAnew(parts: RequestParts): Prepared {
  const api = parseRequest(parts, parseTarget(parts, config), config);
  if (api.action.kind !== 'read') throw new Error('The bench compiles reads');
  return { api, compiled: compileRead(api.action, api, catalog, config) };
}

/** Median of CPU time per request over the rounds, in microseconds: waiting for a busy machine does not count. */
function measure(template: string, remembers: boolean): string {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const queries = Array.from({ length: REQUESTS }, (_, i) => template.replaceAll('%', String(i)));
    const start = process.cpuUsage();
    for (const query of queries) compileOnce(query, remembers);
    const { user, system } = process.cpuUsage(start);
    rounds.push((user + system) / REQUESTS);
  }
  rounds.sort((a, b) => a - b);
  return (rounds[Math.floor(ROUNDS / 2)] ?? 0).toFixed(1);
}

console.log('| request | µs of CPU, URL to statements | its shape known |\n|---|---|---|');
for (const [name, template] of Object.entries(SHAPES)) {
  console.log(`| ${name} | ${measure(template, false)} | ${measure(template, true)} |`);
}
