import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Lab, PASSWORD, SECRET } from './lab.ts';

describe('signing in to the console', () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.start('create table public.notes (id int primary key, body text)');
  });
  after(() => lab.stop());

  it('takes the stack’s secret, a named operator’s password, and a link, the last one once', async () => {
    assert.equal((await (await lab.signIn()).call('session/look')).body.role, 'admin');
    const viewer = await lab.as('viewer');
    assert.deepEqual((await viewer.call('session/look')).body, { name: 'viewer', role: 'viewer' });
    const link = lab.link();
    await lab.signIn({ link });
    assert.equal((await lab.post('session/begin', { link })).status, 401);
    assert.equal((await lab.post('session/begin', { link: '../../operators' })).status, 401);
  });

  it('gives a cookie that scripts cannot read and that belongs to the console’s path', async () => {
    const { headers } = await lab.post('session/begin', { secret: SECRET });
    assert.match(
      headers.get('set-cookie')!,
      /^peakstone_console=[\w-]{43}; Path=\/console; HttpOnly; SameSite=Strict; Max-Age=43200$/,
    );
    const over = await lab.post('session/begin', { secret: SECRET }, { 'X-Forwarded-Proto': 'https' });
    assert.match(over.headers.get('set-cookie')!, /^__Secure-peakstone_console=.*; Secure$/);
  });

  it('needs both the cookie and the page’s token: one that was stolen alone is nothing', async () => {
    const { cookie, token } = await lab.signIn();
    for (const headers of [
      { Cookie: cookie },
      { 'X-Console-Token': token },
      { Cookie: cookie, 'X-Console-Token': 'another' },
      { Cookie: cookie, 'X-Console-Token': (await lab.signIn()).token },
    ] as Record<string, string>[]) {
      const { status, body } = await lab.post('data/catalog', {}, headers);
      assert.deepEqual([status, body.code], [401, 'signedOut']);
    }
  });

  it('ends by signing out, and for a person whose role was changed', async () => {
    const admin = await lab.signIn();
    const editor = await lab.as('editor');
    await admin.call('operators/put', { name: 'editor', role: 'viewer', password: PASSWORD });
    assert.equal((await editor.call('data/catalog')).status, 401);
    assert.equal((await admin.call('session/end')).status, 204);
    assert.equal((await admin.call('data/catalog')).status, 401);
  });

  it('outlasts a restart, and keeps none of its secrets in a file', async () => {
    const { call, cookie, token } = await lab.signIn();
    await lab.as('migrator');
    await lab.end();
    await lab.begin();
    assert.equal((await call('session/look')).status, 200);
    const kept = filesOf(path.join(lab.folder, 'console'))
      .map(file => readFileSync(file, 'utf8'))
      .join('\n');
    for (const secret of [SECRET, PASSWORD, token, cookie.split('=')[1]!]) assert.ok(!kept.includes(secret));
  });

  it('is asked to wait after a few wrong guesses, by whom and as whom they come', async () => {
    const throttled = new Lab();
    throttled.database = lab.database;
    await throttled.begin();
    try {
      const answers: number[] = [];
      for (let n = 0; n < 8; n++)
        answers.push((await throttled.post('session/begin', { secret: `guess ${n}` })).status);
      assert.deepEqual(answers, [401, 401, 401, 401, 401, 429, 429, 429]);
      const right = await throttled.post('session/begin', { secret: SECRET });
      assert.deepEqual([right.status, right.body.hint?.startsWith('Wait')], [429, true]);
    } finally {
      await throttled.end();
    }
  });
});

describe('a request to the console', () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.start('create table public.notes (id int primary key, body text)');
  });
  after(() => lab.stop());

  it('of another site’s page is refused, whatever it brings', async () => {
    const { call } = await lab.signIn();
    for (const headers of [
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
    ] as Record<string, string>[])
      assert.equal((await call('data/catalog', {}, headers)).body.code, 'foreign');
    assert.equal(
      (await call('data/catalog', {}, { Origin: lab.origin, 'Sec-Fetch-Site': 'same-origin' })).status,
      200,
    );
  });

  it('by a name that is not the stack’s is refused, page and call alike', async () => {
    const { get } = await import('node:http');
    const status = (host: string): Promise<number> =>
      new Promise((resolve, reject) => {
        get(`${lab.origin}/console/api/data/catalog`, { headers: { Host: host } }, response => {
          response.resume();
          resolve(response.statusCode!);
        }).once('error', reject);
      });
    assert.equal(await status('rebound.evil.example'), 403);
    for (const host of ['127.0.0.1:1', 'localhost', '[::1]:80', 'console.example.com'])
      assert.equal(await status(host), 405);
  });

  it('has to have its shape, and is told which part has not', async () => {
    const { call } = await lab.signIn();
    assert.equal((await call('data/rows', '{')).body.message, 'The body is no JSON');
    const { status, body } = await call('data/rows', { schema: 'public', relation: 'notes', limit: 1e9 });
    assert.deepEqual([status, body.message], [422, 'limit is not as it should be']);
    assert.equal((await call('data/nothing')).status, 404);
    assert.equal((await call('__proto__')).status, 404);
  });

  it('gets no call that declares no capability, and each role has exactly its own', async () => {
    const { routes } = await import('../src/areas/index.ts');
    const { may, ROLES } = await import('../src/operators/roles.ts');
    for (const role of ROLES) {
      const { call } = await lab.as(role);
      for (const [name, { capability }] of Object.entries(routes)) {
        const { status } = await call(name, { wrong: Number.NaN, schema: 1, name: 1, text: 1, search: 1 });
        if (may(role, capability)) assert.notEqual(status, 403, `${role} ${name}`);
        else assert.equal(status, 403, `${role} ${name}`);
      }
    }
    assert.deepEqual(lab.faults, []);
  });
});

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => path.join(entry.parentPath, entry.name));
}
