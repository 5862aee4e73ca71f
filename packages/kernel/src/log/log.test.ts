import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger, type LoggerOptions, type LogStream } from './index.ts';

function capture(options: LoggerOptions = {}) {
  let text = '';
  const stream: LogStream = {
    write: chunk => {
      text += chunk;
    },
  };
  const log = createLogger({ stream, format: 'json', now: () => new Date(0), ...options });
  const read = () => {
    log.flush();
    return text;
  };
  return {
    log,
    read,
    records: () =>
      read()
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as Record<string, unknown>),
  };
}

describe('a log', () => {
  it('writes one JSON object a line, with its fields and those of its parents', () => {
    const { log, records } = capture({ fields: { service: 'rest' } });
    log.child({ request: 'r1' }).info('served', { status: 200, level: 'x' });
    assert.deepEqual(records(), [
      {
        time: '1970-01-01T00:00:00.000Z',
        level: 'info',
        message: 'served',
        service: 'rest',
        request: 'r1',
        status: 200,
        level_: 'x',
      },
    ]);
  });

  it('leaves out what is below its level', () => {
    const { log, records } = capture({ level: 'warn' });
    log.debug('a');
    log.info('b');
    log.warn('c');
    log.error('d');
    assert.deepEqual(
      records().map(({ message }) => message),
      ['c', 'd'],
    );
    assert.equal(log.enabled('info'), false);
  });

  it('never prints a secret: by key, by value, in a URL, as a token, in an error, in depth', () => {
    const { log, read } = capture({ secrets: ['s3cret+value/x', 'PerCent %enc'] });
    const child = log.child({ apiKey: 'key-1', nested: { jwtSecret: 'key-2' } });
    child.registerSecret('late.secret');
    const error = new Error('connect postgres://user:pw-1@host/db with s3cret+value/x', {
      cause: Object.assign(new Error('late.secret'), { password: 'pw-2' }),
    });
    child.error('failed for s3cret+value/x', {
      error,
      Authorization: 'Bearer key-3',
      'set-cookie': ['key-4'],
      headers: { 'x-hasura-admin-secret': 'key-5', list: ['late.secret', new Map([['password', 'pw-3']])] },
      url: new URL('https://u:pw-4@h/x'),
      query: 'q=PerCent%20%25enc',
      token: { value: 'key-6' },
      text: 'eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoieCJ9.c2lnbmF0dXJl',
    });
    const text = read();
    for (const secret of ['s3cret', 'late.secret', 'pw-', 'key-', 'PerCent', 'c2lnbmF0dXJl']) {
      assert.ok(!text.includes(secret), `${secret} in ${text}`);
    }
    assert.ok(text.includes('postgres://user:[redacted]@host/db'));
  });

  it('prints ordinary fields whose names only resemble secrets', () => {
    const { log, records } = capture();
    log.info('x', { keys: 3, passed: true, tokens: 12, author: 'a', compass: 'north' });
    const [record] = records();
    assert.deepEqual(
      [record?.keys, record?.passed, record?.tokens, record?.author, record?.compass],
      [3, true, 12, 'a', 'north'],
    );
  });

  it('bounds what a record can hold, and stands cycles', () => {
    const { log, read } = capture();
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    log.info('x'.repeat(100_000), {
      cycle,
      list: new Array(5000).fill('y'),
      big: 1n,
      bytes: Buffer.alloc(1e6),
      fn: () => 1,
    });
    assert.ok(read().length < 20_000);
  });

  it('is readable on a terminal, where no logged text can move the cursor or forge a line', () => {
    const { log, read } = capture({ format: 'pretty' });
    log.warn('slow\x1b[2J\nfake', { path: '/a\r\nb', ms: 3, error: new Error('bad') });
    const text = read();
    assert.match(
      text,
      /^00:00:00\.000 warn {2}slow\\u001b\[2J\\nfake {2}path=\/a\\r\\nb {2}ms=3 {2}error=Error: bad\n {4}Error: bad\n/,
    );
    assert.ok(!text.includes('\x1b'));
  });

  it('batches an event-loop turn into one write', async () => {
    const writes: string[] = [];
    const log = createLogger({ stream: { write: text => writes.push(text) }, format: 'json' });
    for (let i = 0; i < 100; i++) log.info('x');
    await new Promise(resolve => setImmediate(() => setImmediate(resolve)));
    assert.equal(writes.length, 1);
  });

  it('drops and counts records when its reader is too slow, rather than hold memory', () => {
    let text = '';
    const stream = {
      writableLength: 0,
      write: (chunk: string) => {
        text += chunk;
      },
    };
    const log = createLogger({ stream, format: 'json' });
    stream.writableLength = 100 * 1024 * 1024;
    for (let i = 0; i < 7; i++) log.info('lost');
    stream.writableLength = 0;
    log.info('kept');
    log.flush();
    const records = text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      records.map(({ message }) => message),
      ['Log records were dropped: their reader is too slow', 'kept'],
    );
    assert.equal(records[0]?.dropped, 7);
  });
});
