import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type Fixture, restFixture } from './support/fixture.ts';
import { type Server, startServer } from './support/server.ts';
import { bearer } from './support/token.ts';

let fixture: Fixture;
let server: Server;
before(async () => {
  fixture = await restFixture(`
    create table notes (id int, body text);
    grant insert on notes to :anon, :author;
    create table parents (id int primary key generated always as identity, name text);
    create table children (id int primary key generated always as identity, parent_id int references parents, name text);
    grant select, insert on parents, children to :anon;
    create function echo_length(bytea) returns int language sql immutable as 'select length($1)';`);
  server = await startServer(fixture, {
    'client-anon-max-body-bytes': '40000000',
    'client-anon-roles': fixture.author,
    'batch-path': '/batch',
    'db-nested-insert-enabled': 'true',
  });
});
after(async () => {
  await server?.stop();
  await fixture?.drop();
});

/** Sends the head of a request that announces a body, and nothing of the body. @returns the answer. */
async function announce(target: string, bytes: number, headers: readonly string[] = []): Promise<string> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  try {
    const head = [
      `POST ${target} HTTP/1.1`,
      'Host: rest',
      'Content-Type: application/json',
      `Content-Length: ${bytes}`,
      ...headers,
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    let answer = '';
    while (!answer.includes('}')) answer += String((await once(socket, 'data'))[0]);
    return answer;
  } finally {
    socket.destroy();
  }
}

describe('a large body', () => {
  it('need not be sent before it is refused', async () => {
    const bytes = 30_000_000;
    assert.match(
      await announce('/notes', bytes, ['Authorization: Bearer x.y.z']),
      /^HTTP\/1.1 401 .*PGRST301/s,
    );
    assert.match(await announce('/restricted', bytes), /^HTTP\/1.1 401 .*42501/s);
    assert.match(await announce('/nowhere', bytes), /^HTTP\/1.1 404 .*PGRST205/s);
    const tooLarge = await announce('/notes', 50_000_000);
    assert.match(tooLarge, /^HTTP\/1.1 413 .*"hint":"Sign in .*client-anon-max-body-bytes/s);
    assert.match(tooLarge, /"message":"A request without a token may have a body of at most 40000000 bytes"/);
    const everybodys = `Authorization: ${bearer({ role: fixture.author }).authorization}`;
    assert.match(await announce('/notes', 50_000_000, [everybodys]), /^HTTP\/1.1 413 /);
  });

  const nested = { prefer: 'nested=insert' };
  const bodies: readonly (readonly [string, string, string, string, number, Record<string, string>?])[] = [
    ['a list that never closes', '/notes', 'application/json', '['.repeat(20_000_000), 400],
    ['an object of many keys', '/notes', 'application/json', `{${keys(1_500_000)}}`, 400],
    [
      'rows with other keys each',
      '/notes',
      'application/json',
      `[{"id":1}${',{"id":1,"body":2},{"body":1,"id":1}'.repeat(500_000)}]`,
      400,
    ],
    ['one long text', '/notes', 'application/json', `{"id":1,"body":"${'é'.repeat(10_000_000)}"}`, 201],
    ['CSV of empty fields', '/notes', 'text/csv', `body\n${','.repeat(20_000_000)}`, 201],
    ['a form of many fields', '/notes', 'application/x-www-form-urlencoded', 'id=1&'.repeat(4_000_000), 400],
    [
      'a form with a long value',
      '/notes',
      'application/x-www-form-urlencoded',
      `body=${'%41'.repeat(6_000_000)}`,
      201,
    ],
    [
      'rows with related rows',
      '/parents',
      'application/json',
      `[{"name":"p"}${',{"name":"p","children":[{"name":"a"},{"name":"b"}]}'.repeat(30_000)}]`,
      201,
      nested,
    ],
    [
      'rows with names that are related to nothing',
      '/parents',
      'application/json',
      `{${keys(200_000)}}`,
      400,
      nested,
    ],
    [
      'a batch',
      '/batch',
      'application/json',
      `[{"method":"POST","path":"/notes","body":[{"id":1}${',{"id":1234567890}'.repeat(100_000)}]}]`,
      200,
    ],
    ['bytes', '/rpc/echo_length', 'application/octet-stream', 'x'.repeat(20_000_000), 200],
  ];
  for (const [name, path, type, body, status, headers = {}] of bodies) {
    it(`lets others be answered while it is read: ${name}`, async () => {
      let isRead = false;
      const sent = fetch(server.url + path, {
        method: 'POST',
        headers: { 'content-type': type, ...headers },
        body,
      }).then(async response => {
        await response.text();
        isRead = true;
        return response.status;
      });
      let answered = 0;
      while (!isRead) {
        assert.equal((await server.get('/items?id=eq.1')).status, 200);
        answered++;
      }
      assert.equal(await sent, status);
      assert.ok(answered > 1, `${answered} answers`);
    });
  }
});

function keys(count: number): string {
  return Array.from({ length: count }, (_, i) => `"k${i}":1`).join(',');
}
