/**
 * What a request costs before PostgreSQL sees it: URL and headers to statement and settings, no I/O.
 *
 * Usage: npm run bench -- rest/compile
 */
import { compileRead, parseRequest, readTarget } from '../src/compile.ts';
import { defaultConfig } from '../src/config/types.ts';
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
  'hundred rows, three columns': 'select=id,name,price&order=id&limit=100&offset=%',
  'an item with its purchases': 'id=eq.%&select=id,name,purchase(id,quantity,buyer)',
  'four filters and a tree':
    'stock=gt.%&price=lt.100&name=like.A*&or=(id.eq.%,and(id.gt.5,id.lt.9))&select=id,name',
};

const ROUNDS = 7;
const REQUESTS = 20_000;

function compileOnce(query: string): number {
  const parts = { method: 'GET', path: '/item', query, headers };
  const request = parseRequest(parts, readTarget(parts, config), null, config);
  if (request.action.kind !== 'read') throw new Error('The bench compiles reads');
  const { statements } = compileRead(request.action, request, catalog, config);
  const work = { main: statements, writes: false, routine: null, check: null, isShort: true };
  const facts = { method: 'GET', path: '/item', headers, schema: 'api', preferences: request.preferences };
  return planTransaction(work, identity, facts, config).exchange.statements.length;
}

console.log('| request | µs, URL to statements |\n|---|---|');
for (const [name, template] of Object.entries(SHAPES)) {
  const medians: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < REQUESTS; i++) compileOnce(template.replaceAll('%', String(i)));
    medians.push(Number(process.hrtime.bigint() - start) / REQUESTS / 1000);
  }
  medians.sort((a, b) => a - b);
  console.log(`| ${name} | ${medians[Math.floor(ROUNDS / 2)]?.toFixed(1)} |`);
}
