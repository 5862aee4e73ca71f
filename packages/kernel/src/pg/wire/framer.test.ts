import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import { ConnectionError } from '../errors.ts';
import { readErrorFields, readFields, readRow } from './backend.ts';
import { Framer } from './framer.ts';

/** A repeatable generator: a failure can be looked at again. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

function frame(type: string, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.write(type);
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

function collect(): { framer: Framer; seen: string[] } {
  const seen: string[] = [];
  const framer = new Framer({
    message: (type, buffer, start, end) =>
      void seen.push(String.fromCharCode(type) + buffer.toString('latin1', start, end)),
  });
  return { framer, seen };
}

describe('cutting the byte stream into messages', () => {
  it('finds the same messages however the bytes are chunked', () => {
    const random = createRandom(1);
    const messages = Array.from({ length: 300 }, (_, i) => {
      const size = Math.floor(random() ** 6 * 20_000);
      return { type: 'DTCZ'[i % 4]!, body: Buffer.alloc(Math.min(size, 29_000), i) };
    });
    const bytes = Buffer.concat(messages.map(({ type, body }) => frame(type, body)));
    const wanted = messages.map(({ type, body }) => type + body.toString('latin1'));
    for (let round = 0; round < 60; round++) {
      const { framer, seen } = collect();
      const largest = [1, 3, 7, 100, 5000, 70_000][round % 6]!;
      for (let at = 0; at < bytes.length; ) {
        const size = 1 + Math.floor(random() * largest);
        framer.feed(bytes.subarray(at, at + size));
        at += size;
        if (largest === 1 && at > 20_000) break;
      }
      assert.deepEqual(seen, wanted.slice(0, seen.length));
      if (largest > 1) assert.equal(seen.length, wanted.length);
      else assert.ok(seen.length > 0);
    }
  });

  it('hands rows of a lent buffer over for good, wherever reads end', () => {
    const random = createRandom(3);
    const texts = Array.from({ length: 500 }, (_, i) => `${i}`.repeat(1 + Math.floor(random() ** 4 * 2000)));
    const bytes = Buffer.concat(
      texts.flatMap((text, i) => [
        frame('D', Buffer.from(text)),
        ...(i % 3 ? [] : [frame('C', Buffer.from('SELECT 1\0')), frame('Z', Buffer.from('I'))]),
      ]),
    );
    for (const largest of [1, 9, 500, 65_536]) {
      const rows: Buffer[] = [];
      let ready = 0;
      const framer = new Framer({
        message(type, buffer, start, end) {
          if (type === 0x44) rows.push(buffer.subarray(start, end));
          if (type === 0x5a) ready += buffer[start] === 0x49 ? 1 : 0;
        },
      });
      const lent = Buffer.alloc(largest);
      for (let at = 0; at < bytes.length; ) {
        const size = bytes.copy(lent, 0, at, at + 1 + Math.floor(random() * largest));
        framer.feed(lent, size, true);
        lent.fill(0xff);
        at += size;
      }
      assert.deepEqual(rows.map(String), texts);
      assert.equal(ready, Math.ceil(texts.length / 3));
    }
  });

  it('holds on to no more than came, whatever length is claimed', () => {
    const { framer } = collect();
    framer.feed(Buffer.from([0x44, 0x3f, 0xff, 0xff, 0xf0, 1, 2, 3]));
    assert.equal(framer.pendingBytes, 8);
  });

  it('refuses lengths that the protocol does not know', () => {
    for (const bytes of [
      [0x44, 0xff, 0xff, 0xff, 0xff],
      [0x44, 0, 0, 0, 3],
      [0x44, 0x7f, 0xff, 0xff, 0xff],
      [0x5a, 0, 1, 0, 0],
      [0x00, 0, 0, 0, 4],
    ]) {
      assert.throws(() => collect().framer.feed(Buffer.from(bytes)), ConnectionError);
      const { framer } = collect();
      framer.feed(Buffer.from(bytes.slice(0, 2)));
      assert.throws(() => framer.feed(Buffer.from(bytes.slice(2))), ConnectionError);
    }
  });

  it('survives garbage with nothing but a ConnectionError', () => {
    const random = createRandom(2);
    let refused = 0;
    for (let round = 0; round < 3000; round++) {
      const framer = new Framer({
        message(type, buffer, start, end) {
          if (type === 0x44) readRow(buffer, start, end);
          if (type === 0x54) readFields(buffer, start, end);
          if (type === 0x45 || type === 0x4e) readErrorFields(buffer, start, end);
        },
      });
      try {
        for (let chunk = 0; chunk < 4; chunk++) {
          const bytes = Buffer.from(Array.from({ length: 60 }, () => Math.floor(random() * 256)));
          // Half the time a plausible header, so that the readers of bodies are reached.
          if (random() < 0.5) {
            bytes[0] = 'DTEN'.charCodeAt(Math.floor(random() * 4));
            bytes.writeInt32BE(4 + Math.floor(random() * 70), 1);
            if (random() < 0.5) bytes.writeInt16BE(Math.floor(random() * 5), 5);
          }
          framer.feed(bytes);
        }
      } catch (error) {
        assert.ok(error instanceof ConnectionError, String(error));
        refused++;
      }
    }
    assert.ok(refused > 1000);
  });
});

describe('reading a row', () => {
  it('views the cells where they lie', () => {
    const body = Buffer.from([0, 3, 0, 0, 0, 1, 0x61, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    const row = readRow(body, 0, body.length);
    assert.deepEqual(row.map(String), ['a', 'null', '']);
    assert.equal(row[0]!.buffer, body.buffer);
  });

  it('does not believe counts and lengths', () => {
    for (const bytes of [
      [0xff, 0xff],
      [0, 1, 0, 0, 0, 9, 1],
      [0, 1, 0xff, 0xff, 0xff, 0xfe],
      [0, 2, 0, 0, 0, 1, 0x61, 0, 0],
      [0, 0, 1],
      [0, 1, 0xff, 0xff, 0xff, 0xff, 0],
      [0],
    ]) {
      const body = Buffer.from(bytes);
      assert.throws(() => readRow(body, 0, body.length), ConnectionError, bytes.join());
    }
  });
});

describe('reading an error', () => {
  it('names every field and prefers the severity that is not translated', () => {
    const text =
      'SFEHLER\0VERROR\0C23505\0Mm\0Dd\0Hh\0P7\0Ww\0ss\0tt\0cc\0dtype\0nn\0Ffile.c\0L1\0Rroutine\0\0';
    assert.deepEqual(readErrorFields(Buffer.from(text), 0, text.length), {
      severity: 'ERROR',
      code: '23505',
      message: 'm',
      detail: 'd',
      hint: 'h',
      position: '7',
      where: 'w',
      schema: 's',
      table: 't',
      column: 'c',
      dataType: 'type',
      constraint: 'n',
      routine: 'routine',
    });
  });
});
