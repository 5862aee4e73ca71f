import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { until } from '@peakstone/testing';
import { type Fixture, jwtSecret, restFixture } from './support/fixture.ts';
import { type Server, type Settings, withServer } from './support/server.ts';
import { bearer, token } from './support/token.ts';

let fixture: Fixture;
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rest-auth-'));
  fixture = await restFixture();
});
after(async () => {
  await fixture?.drop();
  await rm(folder, { recursive: true, force: true });
});

const withOwnSettings = (settings: Settings, use: (server: Server) => Promise<void>): Promise<void> =>
  withServer(fixture, { 'db-config': 'false', ...settings }, use);

const now = (): number => Math.floor(Date.now() / 1000);

describe('a token', () => {
  it('lends its role and its claims to the request', async () => {
    await withOwnSettings({}, async server => {
      const claims = { role: fixture.author, sub: 'u1', big: 1 };
      assert.equal(await (await server.get('/rpc/whoami', bearer(claims))).json(), fixture.author);
      const seen = await (await server.get('/rpc/setting?name=request.jwt.claims', bearer(claims))).json();
      assert.deepEqual(JSON.parse(String(seen)), claims);
      const anonymous = await (await server.get('/rpc/setting?name=request.jwt.claims')).json();
      assert.deepEqual(JSON.parse(String(anonymous)), { role: fixture.anon });
    });
  });

  it('without a role runs as the anonymous role, with that role among its claims', async () => {
    await withOwnSettings({}, async server => {
      const seen = await (
        await server.get('/rpc/setting?name=request.jwt.claims', bearer({ sub: 'u1' }))
      ).json();
      assert.deepEqual(JSON.parse(String(seen)), { sub: 'u1', role: fixture.anon });
    });
  });

  it('keeps numbers that doubles cannot hold', async () => {
    await withOwnSettings({}, async server => {
      const payload = `{"id":12345678901234567890,"role":"${fixture.author}"}`;
      const signed = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.${Buffer.from(payload).toString('base64url')}`;
      const signature = createHmac('sha256', jwtSecret).update(signed).digest('base64url');
      const headers = { authorization: `Bearer ${signed}.${signature}` };
      assert.equal(await (await server.get('/rpc/setting?name=request.jwt.claims', headers)).json(), payload);
    });
  });

  const refusals: readonly (readonly [string, () => string, string, string])[] = [
    ['expired', () => token({ exp: now() - 31 }), 'PGRST303', 'JWT expired'],
    ['not yet valid', () => token({ nbf: now() + 60 }), 'PGRST303', 'JWT not yet valid'],
    ['issued in the future', () => token({ iat: now() + 60 }), 'PGRST303', 'JWT issued at future'],
    ['for somebody else', () => token({ aud: ['others'] }), 'PGRST303', 'JWT not in audience'],
    [
      'with a text for a time',
      () => token({ exp: 'soon' }),
      'PGRST303',
      "The JWT 'exp' claim must be a number",
    ],
    ['signed by another', () => token({}, 'x'.repeat(40)), 'PGRST301', 'No suitable key or wrong key type'],
    ['of two parts', () => 'a.b', 'PGRST301', 'Expected 3 parts in JWT; got 2'],
    ['that is empty', () => '', 'PGRST301', 'Empty JWT is sent in Authorization header'],
    [
      'without a signature algorithm',
      () =>
        `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{}').toString('base64url')}.`,
      'PGRST301',
      'Wrong or unsupported encoding algorithm',
    ],
  ];
  it('that cannot be accepted is refused with its reason, in the body and in the challenge', async () => {
    await withOwnSettings({ 'jwt-aud': 'us' }, async server => {
      for (const [what, make, code, message] of refusals) {
        const response = await server.get('/items', { authorization: `Bearer ${make()}` });
        const body = (await response.json()) as { code: string; message: string };
        assert.deepEqual([response.status, body.code, body.message], [401, code, message], what);
        assert.equal(
          response.headers.get('www-authenticate'),
          `Bearer error="invalid_token", error_description=${JSON.stringify(message)}`,
          what,
        );
      }
      assert.equal((await server.get('/items', bearer({ exp: now() - 20, aud: 'us' }))).status, 200);
    });
  });

  it('that has expired is refused although it is remembered', async () => {
    await withOwnSettings({}, async server => {
      // Half a minute is forgiven: it is good for another six seconds.
      const headers = bearer({ exp: now() - 24 });
      let asked = 0;
      const status = async () => {
        asked++;
        return (await server.get('/items', headers)).status;
      };
      assert.equal(await status(), 200);
      await until(async () => (await status()) === 401);
      const metrics = server.rest.metrics();
      assert.match(metrics, new RegExp(`^pgrst_jwt_cache_requests_total ${asked}$`, 'm'));
      assert.match(metrics, new RegExp(`^pgrst_jwt_cache_hits_total ${asked - 1}$`, 'm'));
    });
  });

  it('makes room for others in a cache of limited size', async () => {
    await withOwnSettings({ 'jwt-cache-max-entries': '2' }, async server => {
      for (let i = 0; i < 5; i++) await server.get('/items', bearer({ i }));
      assert.match(server.rest.metrics(), /^pgrst_jwt_cache_evictions_total 3$/m);
    });
    await withOwnSettings({ 'jwt-cache-max-entries': '0' }, async server => {
      assert.equal((await server.get('/items', bearer({}))).status, 200);
      assert.match(server.rest.metrics(), /^pgrst_jwt_cache_requests_total 0$/m);
    });
  });

  it('needs a secret on the server', async () => {
    await withOwnSettings({ 'jwt-secret': '' }, async server => {
      const response = await server.get('/items', bearer({}));
      assert.deepEqual(
        [response.status, ((await response.json()) as { code: string }).code],
        [500, 'PGRST300'],
      );
      assert.equal((await server.get('/items')).status, 200);
    });
  });

  it('is required where there is no anonymous role', async () => {
    await withOwnSettings({ 'db-anon-role': '' }, async server => {
      const response = await server.get('/items');
      assert.equal(response.status, 401);
      assert.equal(response.headers.get('www-authenticate'), 'Bearer');
      assert.equal(((await response.json()) as { code: string }).code, 'PGRST302');
      assert.equal((await server.get('/items', bearer({}))).status, 401);
      assert.equal((await server.get('/items', bearer({ role: fixture.author }))).status, 200);
    });
  });

  it('for a role that does not exist, or may not be taken, is refused', async () => {
    await withOwnSettings({}, async server => {
      assert.equal((await server.get('/items', bearer({ role: 'nobody_at_all' }))).status, 401);
      assert.equal((await server.get('/items', bearer({ role: 'postgres' }))).status, 403);
      // To set it would be to go back to the role that has logged in.
      for (const target of ['/items', '/authors_only', '/']) {
        const response = await server.get(target, bearer({ role: 'none' }));
        const { code, message } = (await response.json()) as { code: string; message: string };
        assert.deepEqual(
          [response.status, code, message],
          [401, '22023', 'role "none" does not exist'],
          target,
        );
      }
    });
  });
});

describe('the role claim', () => {
  const author = (): string => fixture.author;
  const found: readonly (readonly [string, () => Readonly<Record<string, unknown>>])[] = [
    ['$.postgrest.a_role', () => ({ postgrest: { a_role: author() } })],
    ['$.customObject.manyRoles[1]', () => ({ customObject: { manyRoles: ['other', author()] } })],
    [
      '$["https://example.com/roles"][0].value',
      () => ({ 'https://example.com/roles': [{ value: author() }] }),
    ],
    ['$.roles[?(@ != "other")]', () => ({ roles: ['other', author()] })],
    ['$.roles[?search(@, "_author$")]', () => ({ roles: ['other', author()] })],
    ['$.aud', () => ({ aud: author() })],
    ['.postgrest.a_role', () => ({ postgrest: { a_role: author() } })],
    ['.roles[?(@ ==^ "_author")]', () => ({ roles: ['other', author()] })],
  ];
  for (const [key, claims] of found) {
    it(`is found by ${key}`, async () => {
      await withOwnSettings({ 'jwt-role-claim-key': key }, async server => {
        assert.equal((await server.get('/authors_only', bearer(claims()))).status, 200);
        assert.equal((await server.get('/authors_only', bearer({ role: author() }))).status, 401);
      });
    });
  }
});

describe('the secret', () => {
  const binary = Buffer.from(Array.from({ length: 48 }, (_, i) => (i * 37 + 128) % 256));
  const secrets: readonly (readonly [string, Buffer, Buffer, Record<string, string>])[] = [
    ['text', Buffer.from(jwtSecret), Buffer.from(jwtSecret), {}],
    ['text with a line end', Buffer.from(jwtSecret), Buffer.from(`${jwtSecret}\n`), {}],
    ['bytes', binary, binary, {}],
    ['base64', binary, Buffer.from(`${binary.toString('base64')}\n`), { 'jwt-secret-is-base64': 'true' }],
  ];
  for (const [what, secret, content, settings] of secrets) {
    it(`may be ${what} in a file`, async () => {
      const path = join(folder, what.replaceAll(' ', '-'));
      await writeFile(path, content);
      await withOwnSettings({ 'jwt-secret': `@${path}`, ...settings }, async server => {
        assert.equal(
          (await server.get('/authors_only', bearer({ role: fixture.author }, secret))).status,
          200,
        );
      });
    });
  }
});
