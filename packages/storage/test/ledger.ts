/**
 * A ledger of what a server has acknowledged: writers put, replace, copy, delete and upload in parts, and a lifecycle rule
 * removes some of it; the server is killed at any moment; and everything that it had acknowledged must be there, whole and
 * with its metadata, and nothing else.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { scrub } from '../src/store/scrub.ts';
import { openStore } from '../src/store/store.ts';
import { type Answer, type Call, callServer } from './support/server.ts';

const program = fileURLToPath(new URL('serverProgram.ts', import.meta.url));
const bucket = 'ledger';
const sizes = [0, 100, 4096, 32 * 1024, 32 * 1024 + 1, 200_000, 1_500_000];
const minPartBytes = 5 * 1024 * 1024;
/** What is below it expires while the writers work. */
const expiring = 'expiring/';
const dayMs = 400;
const lifecycle = `<LifecycleConfiguration><Rule><ID>x</ID><Status>Enabled</Status><Filter><Prefix>${expiring}</Prefix></Filter><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>`;

/** What a key may hold after a crash: what was acknowledged, or what was asked for and not answered. Null: nothing. */
interface Entry {
  acknowledged: string | null;
  /** Digest of the write under way; undefined: none. */
  underWay: string | null | undefined;
}

export class Ledger {
  readonly #folder: string;
  readonly #entries = new Map<string, Entry>();
  acknowledged = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** One life of the server: writers work until it is killed after so many acknowledgements, then everything is looked at. */
  async round(writers: number, killAfter: number): Promise<void> {
    const { child, url } = await this.#start();
    const call = (what: Call): Promise<Answer> => callServer(url, what);
    await call({ method: 'PUT', bucket });
    await call({ method: 'PUT', bucket, query: 'lifecycle', body: lifecycle });
    await this.#check(call);
    const end = this.acknowledged + killAfter;
    const died = once(child, 'close');
    await Promise.all(Array.from({ length: writers }, (_, i) => this.#write(call, i, end, child)));
    await died;
    for (const entry of this.#entries.values()) {
      if (entry.underWay === undefined) continue;
      // Either of the two; the next look says which.
      entry.acknowledged = `${entry.acknowledged ?? ''}|${entry.underWay ?? ''}`;
      entry.underWay = undefined;
    }
  }

  /** After the last round: nothing damaged, and no file that nobody knows. */
  async finish(): Promise<void> {
    const { child, url } = await this.#start();
    await this.#check(what => callServer(url, what));
    child.kill('SIGKILL');
    await once(child, 'close');
    const store = await openStore(this.#folder, error => assert.fail(String(error)));
    try {
      const { problems } = await scrub(store);
      assert.deepEqual(problems, []);
    } finally {
      await store.close();
    }
  }

  async #start(): Promise<{ child: ChildProcess; url: string }> {
    const child = spawn(process.execPath, [program, this.#folder, String(dayMs)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [url] = (await once(createInterface(child.stdout!), 'line')) as [string];
    return { child, url };
  }

  /** Each writer has keys of its own, so that it knows what it wrote last. */
  async #write(
    call: (what: Call) => Promise<Answer>,
    writer: number,
    end: number,
    child: ChildProcess,
  ): Promise<void> {
    for (;;) {
      const key = `${randomInt(8) === 0 ? expiring : ''}w${writer}/k${randomInt(6)}`;
      const entry = this.#entries.get(key) ?? { acknowledged: null, underWay: undefined };
      this.#entries.set(key, entry);
      const kind = randomInt(10);
      try {
        if (kind === 0) {
          entry.underWay = null;
          assert.equal((await call({ method: 'DELETE', bucket, key })).status, 204);
          entry.acknowledged = null;
        } else {
          const body = randomBytes(kind === 1 ? minPartBytes + 1000 : sizes[randomInt(sizes.length)]!);
          entry.underWay = digestOf(body);
          const headers = { 'x-amz-meta-digest': entry.underWay };
          if (kind === 1) await uploadInParts(call, key, body, headers);
          // A source that expired meanwhile would be none.
          else if (kind === 2 && !key.startsWith(expiring)) await putAndCopy(call, key, body, headers);
          else assert.equal((await call({ method: 'PUT', bucket, key, body, headers })).status, 200);
          entry.acknowledged = entry.underWay;
        }
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        // The server is gone; what was under way stays so.
        return;
      }
      entry.underWay = undefined;
      if (++this.acknowledged >= end) child.kill('SIGKILL');
    }
  }

  async #check(call: (what: Call) => Promise<Answer>): Promise<void> {
    for (const [key, entry] of this.#entries) {
      const answer = await call({ bucket, key });
      assert.ok(
        answer.status === 200 || answer.status === 404,
        `${key}: ${answer.status} ${answer.text.slice(0, 200)}`,
      );
      const found = answer.status === 200 ? digestOf(answer.body) : '';
      if (found !== '')
        assert.equal(answer.headers.get('x-amz-meta-digest'), found, `${key} has other metadata`);
      if (found === '' && key.startsWith(expiring)) continue;
      assert.ok((entry.acknowledged ?? '').split('|').includes(found), `${key} is not what was acknowledged`);
      entry.acknowledged = found === '' ? null : found;
    }
  }
}

/** By way of another key, which it takes the bytes of on the server. */
async function putAndCopy(
  call: (what: Call) => Promise<Answer>,
  key: string,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const source = `${key}.source`;
  assert.equal((await call({ method: 'PUT', bucket, key: source, body, headers })).status, 200);
  const copied = await call({
    method: 'PUT',
    bucket,
    key,
    headers: { 'x-amz-copy-source': `${bucket}/${source}` },
  });
  assert.equal(copied.status, 200, copied.text);
}

async function uploadInParts(
  call: (what: Call) => Promise<Answer>,
  key: string,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const begun = await call({ method: 'POST', bucket, key, query: 'uploads', headers });
  const id = /<UploadId>(.*?)</.exec(begun.text)?.[1];
  assert.ok(id);
  const parts = [body.subarray(0, minPartBytes), body.subarray(minPartBytes)];
  let list = '';
  for (const [i, part] of parts.entries()) {
    const put = await call({
      method: 'PUT',
      bucket,
      key,
      query: `partNumber=${i + 1}&uploadId=${id}`,
      body: part,
    });
    assert.equal(put.status, 200);
    list += `<Part><PartNumber>${i + 1}</PartNumber><ETag>${put.headers.get('etag')}</ETag></Part>`;
  }
  const done = await call({
    method: 'POST',
    bucket,
    key,
    query: `uploadId=${id}`,
    body: `<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`,
  });
  assert.equal(done.status, 200, done.text);
}

function digestOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}
