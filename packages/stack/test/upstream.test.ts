/** The upstream programs themselves on what is rendered for them. Each is skipped where its program is not installed. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { reservePorts, testDatabase } from '@peakstone/testing';
import { parse } from 'yaml';
import { renderCaddy } from '../src/render/index.ts';
import { resolveStack } from '../src/resolve.ts';
import {
  fillContainer,
  findProgram,
  interpolate,
  lacking,
  type Output,
  openWorkshop,
  type Workshop,
  writeFile,
} from './upstreamProgram.ts';

const upstream = { engine: 'upstream' } as const;

/** As imgproxy signs: the HMAC of salt and path. */
function signPath(path: string, keyHex: string, saltHex: string): string {
  return createHmac('sha256', Buffer.from(keyHex, 'hex'))
    .update(Buffer.from(saltHex, 'hex'))
    .update(path)
    .digest('base64url');
}

describe('MinIO, as rendered', () => {
  const skip = lacking('minio', 'mc');
  let shop: Workshop;
  let origin: string;
  const secrets = {
    MINIO_ROOT_PASS: 'root-password-of-the-test',
    S3_APP_SECRET_KEY: 'app-password-of-the-test',
    LOKI_ACCESS_KEY: 'lokiaccess',
    LOKI_SECRET_KEY: 'loki-password-of-the-test',
  };

  before(async () => {
    if (skip) return;
    shop = openWorkshop();
    const port = await reservePorts(2);
    origin = `http://127.0.0.1:${port}`;
    const { command, environment } = fillContainer(upstream, 'storage', secrets);
    const here = command.map(part =>
      part === '/data' ? `${shop.folder}/data` : part === ':9001' ? `127.0.0.1:${port + 1}` : part,
    );
    await shop.serve(
      [findProgram('minio') ?? '', ...here, '--address', `127.0.0.1:${port}`],
      environment,
      `${origin}/minio/health/ready`,
    );
  });
  after(() => shop?.close());

  const bootstrap = (overrides: Readonly<Record<string, string>> = {}): Promise<Output> => {
    const { command, environment, files } = fillContainer(upstream, 'storage-bootstrap', {
      ...secrets,
      ...overrides,
    });
    for (const [target, content] of files) writeFile(shop.folder, target, content);
    return shop.run(
      command.map(part => part.replaceAll('/bootstrap/', `${shop.folder}/bootstrap/`)),
      { ...environment, MINIO_ENDPOINT: origin, MC_CONFIG_DIR: `${shop.folder}/mc` },
    );
  };
  const mc = (...args: readonly string[]) =>
    shop.run([findProgram('mc') ?? '', '--config-dir', `${shop.folder}/mc`, ...args], {});
  const signIn = (alias: string, user: string, password: string) =>
    mc('alias', 'set', alias, origin, user, password);

  it('has its buckets and users after the bootstrap, however often that runs', { skip }, async () => {
    for (let run = 0; run < 2; run++) {
      const { code, text } = await bootstrap();
      assert.equal(code, 0, text);
      assert.match(text, /bucket uploads is ready for user psappaccess/);
    }
    assert.match((await mc('version', 'info', 'minio/uploads')).text, /enabled/);
    const { Rules } = JSON.parse((await mc('ilm', 'rule', 'export', 'minio/uploads')).text) as {
      readonly Rules: readonly Record<string, unknown>[];
    };
    assert.deepEqual(
      Rules.map(rule => [rule.Status, rule.Expiration, rule.NoncurrentVersionExpiration]),
      [['Enabled', undefined, { NoncurrentDays: 7 }]],
    );
    assert.match(
      (await mc('ilm', 'rule', 'ls', 'minio/loki')).text,
      /lifecycle configuration does not exist/,
    );
  });

  it('lets the app’s user into its bucket and nowhere else', { skip }, async () => {
    await signIn('app', 'psappaccess', secrets.S3_APP_SECRET_KEY);
    const file = writeFile(shop.folder, 'note.txt', 'a note');
    for (const allowed of [
      ['cp', file, 'app/uploads/a/note.txt'],
      ['cat', 'app/uploads/a/note.txt'],
      ['ls', 'app/uploads/a/'],
      ['rm', 'app/uploads/a/note.txt'],
    ]) {
      const { code, text } = await mc(...allowed);
      assert.equal(code, 0, `${allowed.join(' ')}: ${text}`);
    }
    for (const denied of [
      ['cp', file, 'app/loki/note.txt'],
      ['ls', 'app/loki'],
      ['mb', 'app/another'],
      ['rb', '--force', 'app/uploads'],
      ['anonymous', 'set', 'public', 'app/uploads'],
      ['version', 'suspend', 'app/uploads'],
      ['admin', 'user', 'list', 'app'],
      ['admin', 'info', 'app'],
    ]) {
      const { code, text } = await mc(...denied);
      assert.notEqual(code, 0, denied.join(' '));
      assert.match(text, /Access Denied|Insufficient permissions/, denied.join(' '));
    }
  });

  it('follows MINIO_BUCKET and a changed secret on the next run', { skip }, async () => {
    const changed = { MINIO_BUCKET: 'photos', S3_APP_SECRET_KEY: 'another-password-of-the-test' };
    assert.equal((await bootstrap(changed)).code, 0);
    await signIn('app', 'psappaccess', changed.S3_APP_SECRET_KEY);
    assert.equal((await mc('ls', 'app/photos')).code, 0);
    assert.notEqual((await mc('ls', 'app/uploads')).code, 0);
    assert.notEqual((await signIn('stale', 'psappaccess', secrets.S3_APP_SECRET_KEY)).code, 0);
  });

  it('is what imgproxy reads, for signed URLs alone', {
    skip: lacking('minio', 'mc', 'imgproxy'),
  }, async () => {
    assert.equal((await bootstrap()).code, 0);
    const pixel =
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const picture = writeFile(shop.folder, 'pixel.png', Buffer.from(pixel, 'base64'));
    for (const bucket of ['uploads', 'loki']) await mc('cp', picture, `minio/${bucket}/a/pixel.png`);
    const bind = `127.0.0.1:${await reservePorts()}`;
    const { environment } = fillContainer(upstream, 'images', secrets);
    await shop.serve(
      [findProgram('imgproxy') ?? ''],
      { ...environment, IMGPROXY_BIND: bind, IMGPROXY_S3_ENDPOINT: origin },
      `http://${bind}/health`,
    );
    const [key, salt] = [environment.IMGPROXY_KEY ?? '', environment.IMGPROXY_SALT ?? ''];
    const status = async (path: string, signature = signPath(path, key, salt)) =>
      (await fetch(`http://${bind}/${signature}${path}`, { headers: { accept: 'image/webp' } })).status;
    assert.equal(await status('/rs:fit:8:8/plain/s3://uploads/a/pixel.png'), 200);
    assert.equal(await status('/rs:fit:8:8/plain/a/pixel.png'), 200, 'IMGPROXY_BASE_URL is the bucket');
    assert.equal(await status('/rs:fit:8:8/plain/a/pixel.png', 'insecure'), 403);
    assert.equal(await status('/rs:fit:8:8/plain/s3://loki/a/pixel.png'), 404);
    assert.equal(await status(`/rs:fit:8:8/plain/${origin}/uploads/a/pixel.png`), 404);
  });

  it('keeps what Loki is sent, under Loki’s own user', { skip: lacking('minio', 'mc', 'loki') }, async () => {
    assert.equal((await bootstrap()).code, 0);
    const port = await reservePorts(2);
    const { environment, files } = fillContainer(upstream, 'logs', secrets);
    const config = [...files.values()][0] ?? '';
    const path = writeFile(
      shop.folder,
      'loki.yml',
      config
        .replace('http://peakstone-storage:9000', origin)
        .replace(': 3100', `: ${port}\n  http_listen_address: 127.0.0.1`)
        .replace(': 9096', `: ${port + 1}\n  grpc_listen_address: 127.0.0.1`)
        .replaceAll(' /loki', ` ${shop.folder}/loki`),
    );
    const loki = [findProgram('loki') ?? '', `-config.file=${path}`];
    const verified = await shop.run([...loki, '-verify-config=true'], environment);
    assert.equal(verified.code, 0, verified.text);
    const base = `http://127.0.0.1:${port}`;
    await shop.serve(loki, environment, `${base}/ready`);
    const line = [`${Date.now()}000000`, '{"level":"error","msg":"told"}'];
    const pushed = await fetch(`${base}/loki/api/v1/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ streams: [{ stream: { service: 'api' }, values: [line] }] }),
    });
    assert.equal(pushed.status, 204);
    const query = encodeURIComponent('{service="api"} | json | level="error"');
    assert.match(await (await fetch(`${base}/loki/api/v1/query_range?query=${query}`)).text(), /told/);
    assert.equal((await fetch(`${base}/flush`, { method: 'POST' })).status, 204);
    assert.match(
      (await mc('ls', '--recursive', 'minio/loki/fake')).text,
      /STANDARD/,
      'a chunk is in the bucket',
    );
  });
});

describe('Caddy, as rendered', () => {
  it('accepts its file, and hands on a request whole with where it came from', {
    skip: lacking('caddy'),
  }, async () => {
    const shop = openWorkshop();
    const seen: { url?: string | undefined; headers?: IncomingHttpHeaders; bytes: number } = { bytes: 0 };
    const behind = createServer((request, response) => {
      Object.assign(seen, { url: request.url, headers: request.headers });
      request.on('data', (chunk: Buffer) => {
        seen.bytes += chunk.length;
      });
      request.on('end', () => response.writeHead(201, { 'x-from': 'rest' }).end('made'));
    }).listen(0, '127.0.0.1');
    try {
      const [port, { port: target }] = [await reservePorts(), behind.address() as AddressInfo];
      const file = parse(renderCaddy(resolveStack({ routes: 'caddy' }))) as {
        readonly services: { readonly caddy: { readonly environment: Record<string, string> } };
        readonly configs: Readonly<Record<string, { readonly content: string }>>;
      };
      const environment: Record<string, string> = {
        XDG_DATA_HOME: shop.folder,
        XDG_CONFIG_HOME: shop.folder,
      };
      // Hosts that are not set, as in the first minute of a new server; and one without a certificate to ask for.
      for (const [name, value] of Object.entries(file.services.caddy.environment))
        environment[name] = interpolate(value, {}).replace(/^http:\/\/(.*)$/, `http://$1:${port}`);
      environment.DOMAIN_API = `http://127.0.0.1:${port}`;
      const caddyfile = writeFile(
        shop.folder,
        'Caddyfile',
        interpolate(Object.values(file.configs)[0]!.content, {}).replace(
          'peakstone-rest:3000',
          `127.0.0.1:${target}`,
        ),
      );
      const caddy = findProgram('caddy') ?? '';
      const options = ['--config', caddyfile, '--adapter', 'caddyfile'];
      const validated = await shop.run([caddy, 'validate', ...options], environment);
      assert.equal(validated.code, 0, validated.text);
      await shop.serve([caddy, 'run', ...options], environment, `http://127.0.0.1:${port}/`);
      seen.bytes = 0;
      const answer = await fetch(`http://127.0.0.1:${port}/films?id=eq.1&select=a%2Cb`, {
        method: 'POST',
        headers: { authorization: 'Bearer x', prefer: 'return=minimal', 'x-forwarded-for': '203.0.113.9' },
        body: Buffer.alloc(5_000_000),
      });
      assert.deepEqual(
        [answer.status, answer.headers.get('x-from'), await answer.text()],
        [201, 'rest', 'made'],
      );
      assert.deepEqual([seen.url, seen.bytes], ['/films?id=eq.1&select=a%2Cb', 5_000_000]);
      assert.equal(seen.headers?.authorization, 'Bearer x');
      assert.equal(seen.headers?.prefer, 'return=minimal');
      assert.equal(seen.headers?.['x-forwarded-proto'], 'http');
      assert.equal(
        seen.headers?.['x-forwarded-for'],
        '127.0.0.1',
        'what a client says of itself is not passed on',
      );
    } finally {
      await shop.close();
      behind.close();
    }
  });
});

describe('Atlas, as rendered', () => {
  it('applies what is new, once, and fails where a migration does', { skip: lacking('atlas') }, async () => {
    const [shop, database] = [openWorkshop(), await testDatabase({ bootstrap: true })];
    try {
      const { command } = fillContainer(upstream, 'atlas-migrate');
      const url = new URL(database.roleUrl('db_migrator'));
      const connection = {
        PGHOST: url.hostname,
        PGPORT: url.port,
        PGUSER: decodeURIComponent(url.username),
        PGPASSWORD: decodeURIComponent(url.password),
        PGDATABASE: decodeURIComponent(url.pathname.slice(1)),
        PGSSLMODE: 'disable',
      };
      const migrate = () =>
        shop.run(
          command.map(part => part.replaceAll('/migrations', `${shop.folder}/migrations`)),
          connection,
        );
      const hash = () =>
        shop.run(
          [findProgram('atlas') ?? '', 'migrate', 'hash', '--dir', `file://${shop.folder}/migrations`],
          {},
        );
      assert.match((await migrate()).text, /no migrations in .*; nothing to do/);

      writeFile(shop.folder, 'migrations/20260101000000_films.sql', 'CREATE TABLE public.films (id int);\n');
      assert.match((await migrate()).text, /checksum/, 'files that nobody vouched for are refused');
      await hash();
      const first = await migrate();
      assert.equal(first.code, 0, first.text);
      assert.match((await migrate()).text, /No migration files to execute/);

      writeFile(
        shop.folder,
        'migrations/20260102000000_bad.sql',
        'CREATE TABLE public.half (id int);\nALTER TABLE public.nowhere ADD x int;\n',
      );
      await hash();
      const failed = await migrate();
      assert.notEqual(failed.code, 0);
      assert.match(failed.text, /relation "public\.nowhere" does not exist/);
      const { rows } = await database.pool.query(`select to_regclass('public.half')::text`);
      assert.equal(rows[0]?.[0] ?? null, null, 'half a migration is none');
    } finally {
      await database.drop();
      await shop.close();
    }
  });
});
