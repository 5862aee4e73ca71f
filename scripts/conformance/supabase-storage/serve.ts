/** A storage with its database and its service of pictures, as a stack has them, for somebody else's tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { images } from '../../../packages/images/src/index.ts';
import { imgUrl } from '../../../packages/images/src/url.ts';
import { type Handler, serveHttp, withRequest } from '../../../packages/kernel/src/http/index.ts';
import { signJwt } from '../../../packages/kernel/src/jwt/index.ts';
import { storageService } from '../../../packages/storage/src/index.ts';
import { connect, reservePorts, testDatabase } from '../../../packages/testing/src/index.ts';

const secret = 'a secret of at least thirty-two characters';
const pictureKey = '0'.repeat(64);

export interface Served {
  /** As a project's: the API is at `/storage/v1`. */
  readonly url: string;
  readonly keys: { readonly anon: string; readonly authenticated: string; readonly service: string };
  readonly s3: { readonly accessKey: string; readonly secretKey: string };
  /** As the superuser. */
  sql(text: string): Promise<void>;
  stop(): Promise<void>;
}

export async function serveStack(env: Readonly<Record<string, string>> = {}): Promise<Served> {
  const database = await testDatabase({ bootstrap: true });
  const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-supabase-storage-'));
  const port = await reservePorts();
  const origin = `http://127.0.0.1:${port}`;
  const abort = new AbortController();
  const pictures = await images.start(
    images.config({
      IMGPROXY_KEY: pictureKey,
      IMGPROXY_SALT: pictureKey,
      IMGPROXY_BIND: '127.0.0.1:0',
      IMGPROXY_ALLOWED_SOURCES: `${origin}/v1/source/`,
      IMGPROXY_ALLOW_LOOPBACK_SOURCE_ADDRESSES: 'true',
    }),
    {},
    abort.signal,
  );
  const claims = { iss: 'peakstone', exp: Math.floor(Date.now() / 1000) + 24 * 3600 };
  const token = (role: string, more = {}): string => signJwt({ role, ...claims, ...more }, secret);
  const keys = {
    anon: token('anon'),
    authenticated: token('authenticated', { sub: '317eadce-631a-4429-a0bb-f19a7a517b4a' }),
    service: token('service_role'),
  };
  const config = storageService.config({
    JWT_SECRET: secret,
    ANON_KEY: keys.anon,
    PEAKSTONE_STORAGE_DB_URI: database.roleUrl('db_authenticator'),
    PEAKSTONE_STORAGE_DIR: folder,
    ...env,
  });
  const storage = await storageService.start(
    { ...config, host: '127.0.0.1', port },
    {
      emit: event => {
        if (event.kind === 'failed') process.stderr.write(`${String(event.error)}\n`);
      },
      render: {
        ownOrigin: origin,
        url: (source, options) =>
          imgUrl(source, options, {
            baseUrl: `http://127.0.0.1:${pictures.port}`,
            key: pictureKey,
            salt: pictureKey,
          }),
      },
    },
    abort.signal,
  );
  const front = await serveHttp(behind('/storage', storage.handler), {
    port: 0,
    maxBodyBytes: 1024 ** 4,
  });
  const { accessKey, secretKey } = config.settings.root;
  return {
    url: front.url,
    keys,
    s3: { accessKey, secretKey },
    async sql(text) {
      const admin = connect(database.superuserUrl);
      await admin.script(text).finally(() => admin.close());
    },
    async stop() {
      await front.close(1000);
      await storage.stop();
      await pictures.stop();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** As the gateway hands requests on. */
function behind(prefix: string, handler: Handler): Handler {
  return async request => {
    if (!request.path.startsWith(`${prefix}/`)) return { status: 404, headers: [], body: '' };
    const headers = { ...request.headers, 'x-forwarded-prefix': prefix };
    const answer = await handler(
      withRequest(request, { target: request.target.slice(prefix.length), headers }),
    );
    const place = answer.headers.findIndex((text, at) => at % 2 === 0 && text.toLowerCase() === 'location');
    if (place < 0 || !answer.headers[place + 1]!.startsWith('/')) return answer;
    return { ...answer, headers: answer.headers.with(place + 1, prefix + answer.headers[place + 1]!) };
  };
}
