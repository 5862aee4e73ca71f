import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jsonResponse } from '@peakstone/kernel/http';
import { raw, rest, start, upstream } from './support.ts';

describe("the gateway's own pages", () => {
  const database = {
    name: 'postgres',
    title: 'PostgreSQL 17',
    health: async () => ({ ok: false, reason: 'refused at 10.0.0.5' }) as const,
  };

  it('/healthz tells how every service is', async () => {
    const fine = await start([rest]);
    assert.deepEqual(await (await fetch(`${fine.url}/healthz`)).json(), {
      status: 'ok',
      services: { rest: { ok: true } },
    });
    const { url } = await start([rest], { listed: [database] });
    const ill = await fetch(`${url}/healthz`);
    assert.equal(ill.status, 503);
    assert.deepEqual(await ill.json(), {
      status: 'unavailable',
      services: { postgres: { ok: false, reason: 'refused at 10.0.0.5' }, rest: { ok: true } },
    });
  });

  it('/healthz shows what works beside the others, and takes nobody off for it', async () => {
    const backup = {
      name: 'backup',
      aside: true,
      health: async () => ({ ok: false, reason: 'late' }),
    } as const;
    const { url } = await start([rest], { listed: [backup] });
    const ill = await fetch(`${url}/healthz`);
    assert.equal(ill.status, 200);
    assert.deepEqual(await ill.json(), {
      status: 'ok',
      services: { backup: { ok: false, reason: 'late' }, rest: { ok: true } },
    });
  });

  it('tell reasons and metrics only to those who run the stack', async () => {
    const { url } = await start([rest], { listed: [database] });
    await fetch(`${url}/rest/v1/`);
    const forwarded = { 'x-forwarded-for': '127.0.0.1' };
    assert.ok(!(await (await fetch(`${url}/healthz`, { headers: forwarded })).text()).includes('10.0.0.5'));
    assert.equal((await fetch(`${url}/-/metrics`, { headers: forwarded })).status, 404);
    const metrics = await (await fetch(`${url}/-/metrics`)).text();
    assert.match(metrics, /peakstone_gateway_requests_total\{route="rest",method="GET",status="2xx"\} 1/);
    assert.match(metrics, /peakstone_gateway_connections \d/);
  });

  it('tell what is behind only by a name of their own: a page elsewhere may give its name our address', async () => {
    const listed = [{ ...database, address: 'postgresql://127.0.0.1:5432' }];
    const service = await start(
      [rest],
      { listed },
      { GATEWAY_ADMIN_HOSTS: 'ops.example.com', DOMAIN_GATEWAY: 'stack.example.com' },
    );
    const ask = (path: string, host: string) => raw(service.port, path, [`Host: ${host}`]);
    for (const host of [
      'evil.example',
      'localhost.evil.example:80',
      '127.0.0.1.evil.example',
      '999.999.999.999',
      '[::1',
      '[:]',
      '',
    ]) {
      const metrics = await ask('/-/metrics', host);
      assert.match(metrics, /^HTTP\/1\.1 421 [\s\S]*GATEWAY_ADMIN_HOSTS/, host);
      assert.doesNotMatch(metrics, /peakstone_gateway/);
      assert.doesNotMatch(await ask('/healthz', host), /10\.0\.0\.5/);
      assert.match(await ask('/healthz', host), /^HTTP\/1\.1 503 /);
      assert.doesNotMatch(await ask('/', host), /127\.0\.0\.1:5432/);
      assert.match(await ask('/rest/v1/films', host), /^HTTP\/1\.1 200 /);
    }
    for (const host of [
      'localhost',
      `LOCALHOST:${service.port}`,
      'app.localhost',
      '127.0.0.1',
      '127.9.9.9:8000',
      '[::1]:8000',
      'ops.example.com',
      'stack.example.com.',
    ]) {
      assert.match(await ask('/-/metrics', host), /^HTTP\/1\.1 200 /, host);
      assert.match(await ask('/healthz', host), /10\.0\.0\.5/, host);
      assert.match(await ask('/', host), /127\.0\.0\.1:5432/, host);
    }
  });

  it('are for no other origin: no CORS, no preflight, not even as an image', async () => {
    const { url } = await start([rest]);
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'GET' };
    for (const path of ['/', '/healthz', '/-/metrics', '/favicon.ico', '/-/alive']) {
      for (const method of ['GET', 'OPTIONS']) {
        const response = await fetch(url + path, { method, headers });
        const cors = [...response.headers.keys()].filter(name => name.startsWith('access-control'));
        assert.deepEqual(cors, [], `${method} ${path}`);
        if (path !== '/-/alive')
          assert.equal(response.headers.get('cross-origin-resource-policy'), 'same-origin');
      }
    }
  });

  it('bound a health check that hangs, and look once a second at most', { timeout: 120_000 }, async () => {
    let looks = 0;
    const stuck = {
      name: 'stuck',
      health: () => {
        looks++;
        return new Promise<never>(() => {});
      },
    };
    const { url } = await start([], { listed: [stuck] });
    const all = await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}/healthz`)));
    assert.ok(all.every(response => response.status === 503));
    assert.equal(looks, 1);
  });

  it('show a first request that works when it is copied', async () => {
    const { url } = await start([rest], { command: '/srv/a project/peakstone' });
    const page = async (headers: Record<string, string>, at = url) =>
      await (await fetch(at, { headers: { accept: 'text/html', ...headers } })).text();
    const text = await page({});
    const command = /curl &#39;([^\s]+?)&#39;\n|curl '([^\s]+?)'\n/.exec(text);
    const address = command?.[1] ?? command?.[2];
    assert.equal(address, `${url}/rest/v1/`);
    assert.equal((await fetch(address)).status, 200);
    assert.ok(text.includes('/srv/a project/peakstone secrets jwt anon'));
    // What nobody said cannot be typed.
    const unknown = await start([rest]);
    assert.doesNotMatch(await page({}, unknown.url), /secrets jwt/);
    assert.doesNotMatch(text, /\$(?:PEAKSTONE_URL|ANON_KEY|USER_TOKEN)/);
    assert.ok((await page({ 'x-forwarded-proto': 'https' })).includes(url.replace('http:', 'https:')));
  });

  it('put nothing into that command that a shell would act on', async () => {
    const { port } = new URL((await start([rest])).url);
    const answer = await raw(Number(port), '/', [`Host: a';reboot;'`, 'Accept: text/html']);
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.doesNotMatch(answer, /reboot/);
  });

  it('ask a URL for any answer', async () => {
    const up = await upstream(() => jsonResponse(404, {}));
    const failing = await upstream(() => jsonResponse(500, {}));
    const { url } = await start([
      { ...rest, name: 'up', host: undefined, paths: ['/up'], target: up.url },
      { ...rest, name: 'failing', host: undefined, paths: ['/failing'], target: failing.url },
    ]);
    const { services } = (await (await fetch(`${url}/healthz`)).json()) as {
      services: Record<string, unknown>;
    };
    assert.deepEqual(services, { up: { ok: true }, failing: { ok: false, reason: 'answers 500' } });
  });

  it('start with a page for people and JSON for programs', async () => {
    const evil = { ...rest, title: '<script>alert(1)</script>', contract: '"&\'' };
    const { url } = await start([evil], { listed: [database] });
    const page = await fetch(url, { headers: { accept: 'text/html,*/*' } });
    const text = await page.text();
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.ok(!policy.includes('unsafe'));
    assert.ok(text.includes('&lt;script&gt;alert(1)&lt;/script&gt;') && !text.includes('<script'));
    assert.ok(
      text.includes('PostgreSQL 17') &&
        text.includes('href="/rest/v1/"') &&
        text.includes('1 service is down'),
    );
    const data = (await (await fetch(url)).json()) as {
      services: { name: string; healthy: boolean; paths: string[] }[];
    };
    assert.deepEqual(
      data.services.map(({ name, healthy, paths }) => [name, healthy, paths]),
      [
        ['postgres', false, []],
        ['rest', true, ['/rest/v1']],
      ],
    );
  });

  it('take only GET and HEAD', async () => {
    const { url } = await start([rest]);
    const response = await fetch(`${url}/healthz`, { method: 'POST' });
    assert.equal(response.status, 405);
    assert.equal(response.headers.get('allow'), 'GET, HEAD');
    assert.equal((await fetch(`${url}/constructor`)).status, 404);
  });
});
