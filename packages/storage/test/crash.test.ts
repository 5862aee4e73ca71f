/**
 * A server that is killed at any moment while both doors and SQL write: whatever it acknowledged is there, by both doors, and
 * what it did not acknowledge is there whole or not at all; the rows are the objects' own.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect, type SqlClient, testDatabase, until } from '@peakstone/testing';
import { scrub } from '../src/store/scrub.ts';
import { openStore } from '../src/store/store.ts';
import { callServer } from './support/server.ts';
import { jwtSecret, serviceKey } from './support/supabase.ts';

const program = fileURLToPath(new URL('serverProgram.ts', import.meta.url));
const bucket = 'crashed';
const sizes = [0, 100, 40_000, 300_000];
const rounds = 4;
const writers = 6;

/** Digest of what is under a name; empty: nothing. */
type Content = string;

class Rig {
  /** What each name may hold: more than one where no answer came. */
  readonly #names = new Map<string, Set<Content>>();
  /** Moves that were not answered: of their two names one has it. */
  #moves: { from: string; to: string; content: Content }[] = [];
  readonly #folder: string;
  readonly #databaseUrl: string;
  readonly #sql: SqlClient;
  acknowledged = 0;
  #moved = 0;

  constructor(folder: string, databaseUrl: string, sql: SqlClient) {
    this.#folder = folder;
    this.#databaseUrl = databaseUrl;
    this.#sql = sql;
  }

  async round(killAfter: number): Promise<void> {
    const { child, url } = await this.#start();
    await this.#check(url);
    const end = this.acknowledged + killAfter;
    const died = once(child, 'close');
    await Promise.all(Array.from({ length: writers }, (_, i) => this.#write(url, i, end, child)));
    await died;
  }

  async finish(): Promise<void> {
    const { child, url } = await this.#start();
    await this.#check(url);
    await until(async () => (await this.#column('select id from storage.peakstone_deletions')).length === 0);
    child.kill('SIGKILL');
    await once(child, 'close');
    const store = await openStore(this.#folder, error => assert.fail(String(error)));
    try {
      assert.deepEqual((await scrub(store)).problems, []);
      assert.equal(store.index.range('intents', Buffer.of(0), undefined, 10).length, 0);
    } finally {
      await store.close();
    }
  }

  async #start(): Promise<{ child: ChildProcess; url: string }> {
    const child = spawn(process.execPath, [program, this.#folder, '86400000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, JWT_SECRET: jwtSecret, PEAKSTONE_STORAGE_DB_URI: this.#databaseUrl },
    });
    const [url] = (await once(createInterface(child.stdout!), 'line')) as [string];
    return { child, url };
  }

  async #write(url: string, writer: number, end: number, child: ChildProcess): Promise<void> {
    for (;;) {
      const name = `w${writer}/k${randomInt(5)}`;
      const before = this.#names.get(name) ?? new Set(['']);
      try {
        await this.#change(url, name, before);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        // The server is gone.
        return;
      }
      if (++this.acknowledged >= end) child.kill('SIGKILL');
    }
  }

  async #change(url: string, name: string, before: Set<Content>): Promise<void> {
    const body = randomBytes(sizes[randomInt(sizes.length)]!);
    const content = digestOf(body);
    const mayBe = (more: Content): unknown => this.#names.set(name, new Set([...before, more]));
    const is = (what: Content): unknown => this.#names.set(name, new Set([what]));
    switch (randomInt(6)) {
      case 0: {
        mayBe('');
        assert.equal((await callServer(url, { method: 'DELETE', bucket, key: name })).status, 204);
        return void is('');
      }
      case 1: {
        mayBe('');
        const answer = await ask(url, 'DELETE', `object/${bucket}`, JSON.stringify({ prefixes: [name] }));
        assert.equal(answer.status, 200, answer.text);
        return void is('');
      }
      case 2: {
        const [now] = [...before];
        if (before.size > 1 || now === '') return;
        const to = `w/moved-${this.#moved++}`;
        const move = { from: name, to, content: now! };
        mayBe('');
        this.#names.set(to, new Set(['', now!]));
        this.#moves.push(move);
        const asked = JSON.stringify({ bucketId: bucket, sourceKey: name, destinationKey: to });
        const answer = await ask(url, 'POST', 'object/move', asked);
        assert.equal(answer.status, 200, answer.text);
        this.#moves = this.#moves.filter(one => one !== move);
        this.#names.set(to, new Set([now!]));
        return void is('');
      }
      case 3: {
        mayBe(content);
        const answer = await callServer(url, { method: 'PUT', bucket, key: name, body });
        assert.equal(answer.status, 200, answer.text);
        return void is(content);
      }
      default: {
        mayBe(content);
        const answer = await ask(url, 'POST', `object/${bucket}/${name}`, body, { 'x-upsert': 'true' });
        assert.equal(answer.status, 200, answer.text);
        return void is(content);
      }
    }
  }

  /** At once, while the server still makes good what was broken off. */
  async #check(url: string): Promise<void> {
    const made = await ask(url, 'POST', 'bucket', JSON.stringify({ id: bucket, name: bucket }));
    assert.ok([200, 400].includes(made.status), made.text);
    const there: string[] = [];
    for (const [name, allowed] of this.#names) {
      const [byApi, byS3] = await Promise.all([
        ask(url, 'GET', `object/${bucket}/${name}`),
        callServer(url, { bucket, key: name }),
      ]);
      assert.ok(byS3.status === 200 || byS3.status === 404, `${name}: ${byS3.text.slice(0, 200)}`);
      const content = byS3.status === 200 ? digestOf(byS3.body) : '';
      assert.equal(
        byApi.status === 200 ? digestOf(byApi.body) : '',
        content,
        `the doors disagree on ${name}`,
      );
      assert.ok(allowed.has(content), `${name} is not what was acknowledged: ${content}`);
      this.#names.set(name, new Set([content]));
      if (content !== '') there.push(name);
    }
    for (const { from, to, content } of this.#moves) {
      const found = [from, to].filter(name => this.#names.get(name)!.has(content));
      assert.equal(
        found.length,
        1,
        `${from} was moved to ${to}, and is in ${found.join(' and ') || 'neither'}`,
      );
    }
    this.#moves = [];
    const rows = await this.#column('select name from storage.objects');
    assert.deepEqual(rows.sort(), there.sort());
  }

  async #column(text: string): Promise<string[]> {
    return (await this.#sql.query(text)).map(row => String(row[0]));
  }
}

async function ask(
  url: string,
  method: string,
  place: string,
  body?: string | Buffer<ArrayBuffer>,
  more: Readonly<Record<string, string>> = {},
): Promise<{ status: number; text: string; body: Buffer }> {
  const answer = await fetch(`${url}/v1/${place}`, {
    method,
    headers: {
      authorization: `Bearer ${serviceKey}`,
      ...(typeof body === 'string' && { 'content-type': 'application/json' }),
      ...more,
    },
    ...(body === undefined ? {} : { body }),
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, text: bytes.toString(), body: bytes };
}

function digestOf(body: Buffer): Content {
  return createHash('sha256').update(body).digest('hex');
}

describe('a server of both doors that is killed', () => {
  it('has whatever it acknowledged behind both of them, and the rows of nothing else', async () => {
    const database = await testDatabase({ bootstrap: true });
    const folder = await mkdtemp(path.join(tmpdir(), 'peakstone-crash-'));
    const sql = connect(database.superuserUrl);
    try {
      const rig = new Rig(folder, database.roleUrl('db_authenticator'), sql);
      for (let i = 0; i < rounds; i++) await rig.round(15 + i * 21);
      await rig.finish();
    } finally {
      await sql.close();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
