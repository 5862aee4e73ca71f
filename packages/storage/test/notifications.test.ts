/** Notifications, as whoever is told receives them. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { callServer, startTestServer, type TestServer } from './support/server.ts';
import { startSupabase } from './support/supabase.ts';

interface Received {
  readonly EventName: string;
  readonly Key: string;
  readonly Records: readonly {
    readonly eventName: string;
    readonly s3: {
      readonly object: Readonly<Record<string, unknown>>;
      readonly bucket: { readonly name: string };
    };
  }[];
}

/** Who is told: takes what comes, or refuses it. */
class Hook {
  readonly received: Received[] = [];
  readonly tokens = new Set<string | undefined>();
  refuses = false;
  #server!: Server;
  #waiting: (() => void)[] = [];

  async start(): Promise<string> {
    this.#server = createServer(async (request, response) => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece as Buffer);
      this.tokens.add(request.headers.authorization);
      if (!this.refuses) this.received.push(JSON.parse(Buffer.concat(pieces).toString()) as Received);
      response.writeHead(this.refuses ? 503 : 200).end();
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  async until(what: () => boolean): Promise<void> {
    while (!what()) await new Promise<void>(resolve => this.#waiting.push(resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

const arn = 'arn:minio:sqs::main:webhook';
const rule = (events: readonly string[], filter = ''): string =>
  `<NotificationConfiguration><QueueConfiguration><Id>1</Id><Queue>${arn}</Queue>${events
    .map(event => `<Event>${event}</Event>`)
    .join('')}${filter}</QueueConfiguration></NotificationConfiguration>`;
const suffix =
  '<Filter><S3Key><FilterRule><Name>suffix</Name><Value>.jpg</Value></FilterRule></S3Key></Filter>';

const hook = new Hook();
let env: Record<string, string>;
before(async () => {
  env = {
    MINIO_NOTIFY_WEBHOOK_ENABLE_main: 'on',
    MINIO_NOTIFY_WEBHOOK_ENDPOINT_main: await hook.start(),
    MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_main: 'a-token',
    MINIO_NOTIFY_WEBHOOK_QUEUE_LIMIT_main: '50',
  };
});
after(() => hook.stop());
beforeEach(() => {
  hook.received.length = 0;
  hook.refuses = false;
});

describe('a bucket with a notification rule', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer(env);
    await server.call({ method: 'PUT', bucket: 'told' });
  });
  after(() => server.stop());
  const configure = (body: string) =>
    server.call({ method: 'PUT', bucket: 'told', query: 'notification', body });

  it('tells of what its rule names, in MinIO’s words, and of nothing else', async () => {
    assert.equal((await configure(rule(['s3:ObjectCreated:*', 's3:ObjectRemoved:*'], suffix))).status, 200);
    const back = await server.call({ bucket: 'told', query: 'notification' });
    assert.match(back.text, /<Queue>arn:minio:sqs::main:webhook<\/Queue>.*<Value>\.jpg<\/Value>/);
    await server.call({ method: 'PUT', bucket: 'told', key: 'a.txt', body: 'no' });
    const headers = { 'content-type': 'image/jpeg', 'x-amz-meta-colour': 'red' };
    await server.call({ method: 'PUT', bucket: 'told', key: 'a b/ü.jpg', body: 'yes', headers });
    await server.call({ method: 'DELETE', bucket: 'told', key: 'a b/ü.jpg' });
    await hook.until(() => hook.received.length === 2);
    const [created, removed] = hook.received;
    assert.equal(created!.EventName, 's3:ObjectCreated:Put');
    assert.equal(created!.Key, 'told/a b/ü.jpg');
    const { object } = created!.Records[0]!.s3;
    assert.equal(object.key, 'a+b%2F%C3%BC.jpg');
    assert.equal(object.size, 3);
    assert.equal(object.contentType, 'image/jpeg');
    assert.match(String(object.sequencer), /^[0-9A-F]{16}$/);
    assert.deepEqual(object.userMetadata, { 'content-type': 'image/jpeg', 'X-Amz-Meta-colour': 'red' });
    assert.equal(removed!.EventName, 's3:ObjectRemoved:Delete');
    assert.deepEqual([...hook.tokens], ['Bearer a-token']);
  });

  it('refuses targets and events that there are none of', async () => {
    for (const body of [
      rule(['s3:ObjectCreated:*']).replace('main', 'other'),
      rule(['s3:Nothing']),
      rule([]),
      '<NotificationConfiguration><TopicConfiguration><Topic>arn:aws:sns:x</Topic></TopicConfiguration></NotificationConfiguration>',
    ])
      assert.equal((await configure(body)).status, 400);
    assert.equal((await configure('<NotificationConfiguration/>')).status, 200);
    assert.doesNotMatch((await server.call({ bucket: 'told', query: 'notification' })).text, /Queue/);
  });

  it('goes on serving when its target is down, keeps so many as its queue may hold, and counts the rest', async () => {
    hook.refuses = true;
    await configure(rule(['s3:ObjectCreated:*']));
    for (let i = 0; i < 60; i++)
      assert.equal(
        (await server.call({ method: 'PUT', bucket: 'told', key: `k${i}`, body: 'x' })).status,
        200,
      );
    assert.ok(server.events.some(({ kind }) => kind === 'notificationDropped'));
    hook.refuses = false;
    await hook.until(() => hook.received.length === 50);
    assert.deepEqual(
      hook.received.map(({ Key }) => Key),
      Array.from({ length: 50 }, (_, i) => `told/k${i}`),
    );
  });
});

it('a server that is killed tells of everything that it had acknowledged when it is back', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'peakstone-notify-'));
  const program = fileURLToPath(new URL('serverProgram.ts', import.meta.url));
  const start = async (): Promise<{ child: ChildProcess; url: string }> => {
    const child = spawn(process.execPath, [program, folder], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [url] = (await once(createInterface(child.stdout!), 'line')) as [string];
    return { child, url };
  };
  const end = async (child: ChildProcess): Promise<void> => {
    child.kill('SIGKILL');
    await once(child, 'close');
  };
  try {
    hook.refuses = true;
    const first = await start();
    await callServer(first.url, { method: 'PUT', bucket: 'told' });
    const body = rule(['s3:ObjectCreated:*']);
    await callServer(first.url, { method: 'PUT', bucket: 'told', query: 'notification', body });
    const acknowledged: string[] = [];
    for (let i = 0; i < 20; i++) {
      const { status } = await callServer(first.url, {
        method: 'PUT',
        bucket: 'told',
        key: `k${i}`,
        body: 'x',
      });
      if (status === 200) acknowledged.push(`told/k${i}`);
    }
    await end(first.child);
    hook.refuses = false;
    const second = await start();
    await hook.until(() => hook.received.length >= acknowledged.length);
    const told = new Set(hook.received.map(({ Key }) => Key));
    assert.deepEqual([...told], acknowledged);
    await end(second.child);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

describe('a bucket with a notification rule behind the API of Supabase Storage', () => {
  it('tells of what that door writes and removes, and of rows that are deleted', async () => {
    const server = await startSupabase(env);
    try {
      const { storage } = server.client();
      await storage.createBucket('told');
      const body = rule(['s3:ObjectCreated:*', 's3:ObjectRemoved:*']);
      const set = await server.s3({ method: 'PUT', bucket: 'told', query: 'notification', body });
      assert.equal(set.status, 200, set.text);
      const told = storage.from('told');
      assert.equal((await told.upload('one', Buffer.from('one'))).error, null);
      assert.equal((await told.copy('one', 'two')).error, null);
      assert.equal((await told.move('two', 'three')).error, null);
      assert.equal((await told.remove(['one'])).error, null);
      await server.sql(
        `set storage.allow_delete_query = 'true'; delete from storage.objects where name = 'three'`,
      );
      await server.s3({ bucket: 'told', key: 'three' });
      await hook.until(() => hook.received.length >= 6);
      assert.deepEqual(hook.received.map(({ EventName, Key }) => `${EventName} ${Key}`).sort(), [
        's3:ObjectCreated:Copy told/three',
        's3:ObjectCreated:Copy told/two',
        's3:ObjectCreated:Put told/one',
        's3:ObjectRemoved:Delete told/one',
        's3:ObjectRemoved:Delete told/three',
        's3:ObjectRemoved:Delete told/two',
      ]);
    } finally {
      await server.stop();
    }
  });
});
