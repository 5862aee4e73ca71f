/** A console over a database of its own, with a listener, and callers of its API as the page makes them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type HttpServer, serveHttp } from '@peakstone/kernel/http';
import type { HttpService } from '@peakstone/kernel/service';
import { connect, type SqlClient, type TestDatabase, testDatabase } from '@peakstone/testing';
import { makeLink, startConsole } from '../src/index.ts';
import type { Role } from '../src/operators/roles.ts';
import type { RefusalBody } from '../src/refusal.ts';

export const SECRET = 'a-secret-of-the-stack-0123456789';
export const PASSWORD = 'a password of theirs';

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into what they expect.
  readonly body: any;
  readonly headers: Headers;
}

export interface Caller {
  readonly cookie: string;
  readonly token: string;
  call(name: string, input?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

export class Lab {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'peakstone-console-'));
  readonly faults: unknown[] = [];
  database!: TestDatabase;
  admin!: SqlClient;
  origin!: string;
  #service!: HttpService;
  #server!: HttpServer;

  static async start(sql: string): Promise<Lab> {
    const lab = new Lab();
    lab.database = await testDatabase({ bootstrap: true, sql });
    lab.admin = connect(lab.database.superuserUrl);
    await lab.begin();
    return lab;
  }

  /** Again, with what the folder keeps. */
  async begin(port = 0): Promise<void> {
    this.#service = startConsole({
      folder: path.join(this.folder, 'console'),
      secret: SECRET,
      logins: {
        viewer: this.database.roleUrl('console_viewer'),
        editor: this.database.roleUrl('console_editor'),
        migrator: this.database.roleUrl('db_migrator'),
      },
      hosts: ['Console.Example.com'],
      onFault: error => this.faults.push(error),
    });
    this.#server = await serveHttp(this.#service.handler, { host: '127.0.0.1', port });
    this.origin = `http://127.0.0.1:${this.#server.port}`;
  }

  async end(): Promise<void> {
    await this.#server.close(1000);
    await this.#service.stop();
  }

  async stop(): Promise<void> {
    await this.end();
    await this.admin.close();
    await this.database.drop();
    rmSync(this.folder, { recursive: true });
  }

  link(): string {
    return makeLink(path.join(this.folder, 'console'));
  }

  async post(name: string, input: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const response = await fetch(`${this.origin}/console/api/${name}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: typeof input === 'string' ? input : JSON.stringify(input),
    });
    const text = await response.text();
    const isLines = response.headers.get('content-type') === 'application/x-ndjson';
    const body = isLines
      ? text
          .trim()
          .split('\n')
          .map(line => JSON.parse(line))
      : text === ''
        ? null
        : JSON.parse(text);
    return { status: response.status, body, headers: response.headers };
  }

  async signIn(way: unknown = { secret: SECRET }): Promise<Caller> {
    const { status, body, headers } = await this.post('session/begin', way);
    if (status !== 200)
      throw new Error(`signing in was answered ${status}: ${(body as RefusalBody).message}`);
    const cookie = headers.get('set-cookie')!.split(';')[0]!;
    const token = (body as { token: string }).token;
    return {
      cookie,
      token,
      call: (name, input = {}, more = {}) =>
        this.post(name, input, { Cookie: cookie, 'X-Console-Token': token, ...more }),
    };
  }

  /** A person of a name that is the role's. */
  async as(role: Role): Promise<Caller> {
    const admin = await this.signIn();
    await admin.call('operators/put', { name: role, role, password: PASSWORD });
    return await this.signIn({ name: role, password: PASSWORD });
  }
}
