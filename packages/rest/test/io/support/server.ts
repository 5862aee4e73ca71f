/** The service in this process, with what it logs. */

import type { RestEvent } from '../../../src/events.ts';
import { type RestService, restService } from '../../../src/index.ts';
import { type Fixture, jwtSecret } from './fixture.ts';

export interface Server {
  readonly rest: RestService;
  readonly url: string;
  readonly adminUrl: string;
  readonly out: string[];
  readonly err: string[];
  readonly events: RestEvent[];
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  admin(path: string): Promise<Response>;
  /** Settles when an event fits; fails after a minute. */
  until(fits: (event: RestEvent) => boolean): Promise<void>;
  /** Settles once the service follows notifications. */
  untilListening(): Promise<void>;
  stop(): Promise<void>;
}

/** Undefined takes a default away. */
export type Settings = Readonly<Record<string, string | undefined>>;

/** What a server needs to know of a database. */
export type Served = Pick<Fixture, 'name' | 'url' | 'anon'>;

/** `PGRST_*` variables of a fixture, by setting name. */
export function settingsOf(fixture: Served, settings: Settings = {}): Record<string, string> {
  const all: Settings = {
    'db-uri': fixture.url,
    'db-anon-role': fixture.anon,
    'db-channel': fixture.name,
    'db-pool': '4',
    'jwt-secret': jwtSecret,
    'server-host': '127.0.0.1',
    'server-port': '0',
    'admin-server-host': '127.0.0.1',
    'log-level': 'info',
    ...settings,
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([key, value]) =>
      value === undefined ? [] : [[`PGRST_${key.toUpperCase().replaceAll('-', '_')}`, value]],
    ),
  );
}

export async function startServer(
  fixture: Served,
  settings: Settings = {},
  options: { readonly path?: string } = {},
): Promise<Server> {
  const out: string[] = [];
  const err: string[] = [];
  const events: RestEvent[] = [];
  const waiting = new Set<() => void>();
  const rest = await restService.start(
    { env: settingsOf(fixture, settings), ...options },
    {
      out: text => out.push(...lines(text)),
      err: text => err.push(...lines(text)),
      onEvent(event) {
        events.push(event);
        for (const check of waiting) check();
      },
    },
    new AbortController().signal,
  );
  const url = `http://127.0.0.1:${rest.port}`;
  const adminUrl = `http://127.0.0.1:${rest.admin.port}`;
  const until: Server['until'] = fits =>
    new Promise((resolve, reject) => {
      const from = events.length;
      const timer = setTimeout(() => {
        waiting.delete(check);
        reject(new Error(`No such event; came: ${events.map(event => event.kind).join(', ')}`));
      }, 60_000);
      const check = (): void => {
        if (!events.slice(from).some(fits)) return;
        clearTimeout(timer);
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
    });
  return {
    rest,
    url,
    adminUrl,
    out,
    err,
    events,
    get: (path, headers = {}) => fetch(url + path, { headers }),
    // Without a port of its own the admin server still answers in process.
    async admin(path) {
      const { status, headers, body } = await rest.admin.handler({
        method: 'GET',
        path,
        target: path,
      } as never);
      const flat = new Headers();
      for (let i = 0; i < headers.length; i += 2) flat.append(headers[i]!, headers[i + 1]!);
      return new Response(body === null ? null : await text(body), { status, headers: flat });
    },
    until,
    async untilListening() {
      const started = (event: RestEvent): boolean => event.kind === 'listenerStarted';
      if (!events.some(started)) await until(started);
    },
    stop: () => rest.stop(),
  };
}

/** Starts a server for as long as `use` takes. */
export async function withServer(
  fixture: Served,
  settings: Settings,
  use: (server: Server) => Promise<void>,
  options: { readonly path?: string } = {},
): Promise<void> {
  const server = await startServer(fixture, settings, options);
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}

async function text(body: unknown): Promise<string> {
  if (typeof body === 'string') return body;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

const lines = (text: string): string[] => text.split('\n').filter(line => line !== '');
