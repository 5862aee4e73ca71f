/**
 * What a request costs before PostgreSQL sees it: URL and headers to statement and settings, no I/O.
 *
 * Usage: npm run bench -- rest/compile
 */
import { runWhole } from '@peakstone/kernel/pace';
import { compileAction } from '../src/compile.ts';
import { defaultConfig } from '../src/config/types.ts';
import { createMemo } from '../src/engine/memo.ts';
import { parseRequest, takesBody, withBody } from '../src/parse/request.ts';
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
const hold = (): void => {};
const headers = {
  accept: 'application/json',
  host: 'localhost',
  authorization: 'Bearer x.y.z',
  'user-agent': 'bench',
};

/** By title: method, query and body, where % stands for a number that changes. */
const SHAPES: Readonly<Record<string, readonly [method: string, query: string, body?: string]>> = {
  'one row by key': ['GET', 'id=eq.%'],
  'hundred rows, three columns': ['GET', 'select=id,name,price&order=id&limit=100&id=gt.%'],
  'an item with its purchases': ['GET', 'id=eq.%&select=id,name,purchase(id,quantity,buyer)'],
  'four filters and a tree': [
    'GET',
    'stock=gt.%&price=lt.100&name=like.A*&or=(id.eq.%,and(id.gt.5,id.lt.9))&select=id,name',
  ],
  'insert returning the row': ['POST', 'select=id', '{"id":%,"name":"An item","stock":5}'],
  'update by key': ['PATCH', 'id=eq.%', '{"stock":%}'],
};

const ROUNDS = 7;
const REQUESTS = 20_000;

const memo = createMemo();

/** As the engine does it, with or without looking for a known shape first. */
function compileOnce(parts: RequestParts, body: string, remembers: boolean): number {
  const known = remembers ? memo.find(parts, catalog, config) : null;
  const head = known?.head ?? parseRequest(parts, parseTarget(parts, config), config);
  const api = takesBody(head) ? runWhole(withBody(head, Buffer.from(body), hold)) : head;
  const compiled = known?.compile(api) ?? runWhole(compileAction(api, catalog, config, hold));
  const writes = compiled.kind === 'mutate';
  const work = { main: compiled.statements, writes, routine: null, check: null, isShort: true };
  const { method, path } = parts;
  const facts = { method, path, headers, schema: 'api', preferences: api.preferences };
  return planTransaction(work, identity, facts, config).exchange.statements.length;
}

/** Median of CPU time per request over the rounds, in microseconds: waiting for a busy machine does not count. */
function measure([method, query, body = '']: readonly [string, string, string?], remembers: boolean): string {
  const fill = (template: string, i: number) => template.replaceAll('%', String(i));
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const requests = Array.from(
      { length: REQUESTS },
      (_, i) => [{ method, path: '/item', query: fill(query, i), headers }, fill(body, i)] as const,
    );
    const start = process.cpuUsage();
    for (const [parts, sent] of requests) compileOnce(parts, sent, remembers);
    const { user, system } = process.cpuUsage(start);
    rounds.push((user + system) / REQUESTS);
  }
  rounds.sort((a, b) => a - b);
  return (rounds[Math.floor(ROUNDS / 2)] ?? 0).toFixed(1);
}

console.log('| request | µs of CPU, URL to statements | its shape known |\n|---|---|---|');
for (const [name, shape] of Object.entries(SHAPES)) {
  console.log(`| ${name} | ${measure(shape, false)} | ${measure(shape, true)} |`);
}
