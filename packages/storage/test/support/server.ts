/** A server of the test's own, on a free port and a folder that goes with it; and a client that signs. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sign } from '@peakstone/kernel/sigv4';
import { readStorageConfig } from '../../src/config.ts';
import type { StorageEvent } from '../../src/events.ts';
import { type StorageService, storageService } from '../../src/service.ts';
import { encodePath } from '../../src/wire/encode.ts';

export const rootKeys = { accessKey: 'minioadmin', secretKey: 'minioadmin' };

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  readonly text: string;
}

export interface Call {
  readonly method?: string;
  /** Undecoded: encoded here. */
  readonly key?: string;
  readonly bucket?: string;
  /** As it stands in the URL. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Null: nobody. */
  readonly keys?: { readonly accessKey: string; readonly secretKey: string } | null;
  /** When it is signed. Default now. */
  readonly at?: Date;
  /** Added after it was signed. */
  readonly unsigned?: Readonly<Record<string, string>>;
  /** As x-amz-content-sha256. */
  readonly payload?: string;
}

export interface TestServer {
  readonly service: StorageService;
  readonly url: string;
  readonly folder: string;
  readonly events: readonly StorageEvent[];
  call(call: Call): Promise<Answer>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** @param given a folder in place of one of its own */
export async function startTestServer(
  env: Readonly<Record<string, string>> = {},
  given?: string,
): Promise<TestServer> {
  const folder = given ?? (await mkdtemp(path.join(tmpdir(), 'peakstone-storage-')));
  const events: StorageEvent[] = [];
  const start = (): Promise<StorageService> =>
    storageService.start(
      { settings: readStorageConfig(env), folder, host: '127.0.0.1', port: 0 },
      { emit: event => events.push(event) },
      new AbortController().signal,
    );
  let service = await start();
  return {
    get service() {
      return service;
    },
    get url() {
      return service.address;
    },
    folder,
    events,
    call: call => callServer(service.address, call),
    async restart() {
      await service.stop();
      service = await start();
    },
    async stop() {
      await service.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function callServer(origin: string, call: Call): Promise<Answer> {
  const { method = 'GET', bucket = '', key = '', query = '', headers = {}, body, keys = rootKeys } = call;
  const place = bucket === '' ? '/' : `/${bucket}${key === '' ? '' : `/${encodePath(key)}`}`;
  const { host, hostname, port } = new URL(origin);
  // Not a URL of its own: that would fold the dots of a path.
  const url = { host, pathname: place, searchParams: new URLSearchParams(query) } as URL;
  const digest = call.payload ?? 'UNSIGNED-PAYLOAD';
  const all = { ...headers, 'x-amz-content-sha256': digest };
  const signed =
    keys === null
      ? headers
      : sign({ region: 'us-east-1', ...keys }, method, url, all, digest, call.at ?? new Date());
  const isChunked = headers['transfer-encoding'] !== undefined;
  const length = body === undefined || isChunked ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const sent = request({
    method,
    hostname,
    port,
    path: `${place}${query === '' ? '' : `?${query}`}`,
    headers: { ...signed, ...length, ...call.unsigned },
  });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece as Buffer);
  const received = Buffer.concat(pieces);
  return {
    status: answer.statusCode!,
    headers: new Headers(
      Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)]),
    ),
    body: received,
    text: received.toString(),
  };
}
