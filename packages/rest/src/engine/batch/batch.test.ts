import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runWhole } from '@peakstone/kernel/pace';
import { readBatch } from './items.ts';
import { renderBatch } from './response.ts';

describe('the requests of a batch', () => {
  const read = (items: unknown, headers: Record<string, string> = {}) =>
    runWhole(readBatch(Buffer.from(JSON.stringify(items)), headers, 3));

  it('take over the headers that speak of who asks, and not those of the batch itself', () => {
    const outer = {
      'x-tenant': 'a',
      authorization: 'Bearer x',
      accept: 'x',
      prefer: 'tx=rollback',
      'content-type': 'application/json',
    };
    const [plain, own] = read(
      [{ path: '/a?b=c d' }, { path: '/a', headers: { Prefer: 'count=exact', 'X-Tenant': 'ß' } }],
      outer,
    );
    assert.deepEqual(plain, {
      method: 'GET',
      path: '/a',
      query: 'b=c%20d',
      headers: { 'x-tenant': 'a', authorization: 'Bearer x' },
      body: Buffer.alloc(0),
    });
    assert.deepEqual(own?.headers, { 'x-tenant': 'Ã\x9f', authorization: 'Bearer x', prefer: 'count=exact' });
  });

  it('keep their bodies as they are', () => {
    const bodies = read([
      { path: '/a', body: [{ a: 1 }] },
      { path: '/a', body: 'a,b\n1,2' },
      { path: '/a', body: null },
    ]);
    assert.deepEqual(
      bodies.map(({ body }) => body.toString()),
      ['[{"a":1}]', 'a,b\n1,2', 'null'],
    );
  });

  it('have paths and headers of a length that a request of its own could have', () => {
    assert.throws(() => read([{ path: `/a?${'b'.repeat(40_000)}` }]), { code: 'PEAK120', index: 0 });
    assert.throws(() => read([{ path: '/a', headers: { a: 'b'.repeat(40_000) } }]), { code: 'PEAK120' });
  });

  it('are as many as the setting allows', () => {
    assert.throws(() => read([1, 2, 3, 4]), { code: 'PEAK121', status: 400 });
  });
});

describe('the answers of a batch', () => {
  const render = (status: number, headers: readonly string[], body: string | Buffer | null): unknown =>
    (
      JSON.parse(Buffer.concat(runWhole(renderBatch([{ status, headers, body }]))).toString()) as unknown[]
    )[0];

  it('hold JSON as JSON, text as text and other bytes in base64', () => {
    const json = ['Content-Type', 'application/json; charset=utf-8'];
    assert.deepEqual(render(200, json, '[{"a":1}]'), {
      status: 200,
      headers: { 'content-type': json[1] },
      body: [{ a: 1 }],
    });
    assert.deepEqual(render(200, json, 'no json'), {
      status: 200,
      headers: { 'content-type': json[1] },
      body: 'no json',
    });
    assert.deepEqual(render(200, ['Content-Type', 'text/csv'], 'a\n1'), {
      status: 200,
      headers: { 'content-type': 'text/csv' },
      body: 'a\n1',
    });
    assert.deepEqual(render(200, [], Buffer.from([0xff, 0])), {
      status: 200,
      headers: {},
      body: '/wA=',
      encoding: 'base64',
    });
    assert.deepEqual(render(204, ['A', '1', 'a', '2'], null), {
      status: 204,
      headers: { a: '1, 2' },
      body: null,
    });
  });
});
