/**
 * `serve.ts MODE FOLDER`: one of the servers that are compared, in a process of its own. `store` is the service. `nothing`
 * verifies and hashes like it and keeps nothing: what is left is what storing costs. `files` keeps each object in a file.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { type Handler, type HttpRequest, serveHttp } from '@peakstone/kernel/http';
import { authenticate } from '../../src/auth/authenticate.ts';
import { readStorageConfig } from '../../src/config.ts';
import { Payload } from '../../src/payload/payload.ts';
import { storageService } from '../../src/service.ts';
import { parseQuery } from '../../src/wire/query.ts';

const [mode, folder] = process.argv.slice(2) as [string, string];
const keys = { accessKey: 'minioadmin', secretKey: 'minioadmin' };
const maxBytes = 1024 ** 3;

async function read(request: HttpRequest): Promise<{ payload: Payload; body: Buffer }> {
  const { payload: form } = authenticate(request, parseQuery(request.query), {
    find: () => ({ ...keys, identity: { kind: 'anonymous' } }),
    now: Date.now(),
    region: undefined,
    bucketOfHost: '',
    paths: [request.path],
  });
  const payload = new Payload(request, form);
  return { payload, body: await payload.whole(maxBytes) };
}

const sample = randomBytes(4096);

const nothing: Handler = async request => {
  const { payload } = await read(request);
  return request.method === 'PUT'
    ? { status: 200, headers: ['ETag', `"${payload.received.md5}"`], body: '' }
    : { status: 200, headers: ['Content-Type', 'binary/octet-stream'], body: sample };
};

/** As a store that has no log: written beside, synced, renamed, the folder synced. */
const files: Handler = async request => {
  const { payload, body } = await read(request);
  const file = path.join(folder, encodeURIComponent(request.path));
  if (request.method !== 'PUT') return { status: 200, headers: [], body: await readFile(file) };
  const beside = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = await open(beside, 'wx');
  await handle.write(body);
  await handle.datasync();
  await handle.close();
  await rename(beside, file);
  const parent = await open(folder, 'r');
  await parent.sync();
  await parent.close();
  return { status: 200, headers: ['ETag', `"${payload.received.md5}"`], body: '' };
};

await mkdir(folder, { recursive: true });
if (mode === 'store') {
  const service = await storageService.start(
    { settings: readStorageConfig({}), folder, host: '127.0.0.1', port: 0 },
    { emit: event => event.kind !== 'listening' && process.stderr.write(`${JSON.stringify(event)}\n`) },
    new AbortController().signal,
  );
  process.stdout.write(`${service.address}\n`);
  process.on('SIGINT', () => process.exit());
} else {
  const server = await serveHttp(mode === 'files' ? files : nothing, { maxBodyBytes: maxBytes });
  process.stdout.write(`${server.url}\n`);
}
