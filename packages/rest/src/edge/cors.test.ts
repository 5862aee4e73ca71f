import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HttpRequest } from '@peakstone/kernel/http';
import { defaultBeyond } from '../config/beyond.ts';
import { answerPreflight, corsExtras, corsHeaders } from './cors.ts';

const request = (method: string, headers: Record<string, string>): HttpRequest =>
  ({ method, headers }) as unknown as HttpRequest;

const preflight = (origin: string) =>
  request('OPTIONS', {
    origin,
    'access-control-request-method': 'PATCH',
    'access-control-request-headers': 'X-A, X-B',
  });

describe('a preflight request', () => {
  it('is answered for any origin by default', () => {
    assert.deepEqual(answerPreflight(preflight('http://a'), [])?.headers, [
      'Access-Control-Allow-Origin',
      '*',
      'Access-Control-Allow-Methods',
      'GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD',
      'Access-Control-Allow-Headers',
      'Authorization, X-A, X-B, Accept, Accept-Language, Content-Language',
      'Access-Control-Max-Age',
      '86400',
    ]);
  });

  it('is told of headers when it asks for some', () => {
    const headers = { origin: 'http://a', 'access-control-request-method': 'GET' };
    const answer = answerPreflight(request('OPTIONS', headers), []);
    assert.equal(answer?.headers.includes('Access-Control-Allow-Headers'), false);
  });

  it('is answered with credentials for listed origins, and left to the engine for others', () => {
    assert.deepEqual(answerPreflight(preflight('http://a'), ['http://a'])?.headers.slice(0, 4), [
      'Access-Control-Allow-Origin',
      'http://a',
      'Access-Control-Allow-Credentials',
      'true',
    ]);
    assert.equal(answerPreflight(preflight('http://evil'), ['http://a']), null);
  });

  it('is none without an origin, a method, or with an unknown method', () => {
    assert.equal(answerPreflight(request('OPTIONS', {}), []), null);
    assert.equal(answerPreflight(request('OPTIONS', { origin: 'http://a' }), []), null);
    assert.equal(
      answerPreflight(
        request('OPTIONS', { origin: 'http://a', 'access-control-request-method': 'TRACE' }),
        [],
      ),
      null,
    );
  });
});

describe('a cross-origin request', () => {
  it('may read the headers that clients need', () => {
    const headers = corsHeaders(request('GET', { origin: 'http://a' }), []);
    assert.deepEqual(headers.slice(0, 3), [
      'Access-Control-Allow-Origin',
      '*',
      'Access-Control-Expose-Headers',
    ]);
    assert.match(headers[3]!, /Content-Range/);
  });

  it('of a foreign origin, or of none, gets no headers', () => {
    assert.deepEqual(corsHeaders(request('GET', { origin: 'http://evil' }), ['http://a']), []);
    assert.deepEqual(corsHeaders(request('GET', {}), []), []);
  });

  it('shows browsers what settings beyond the reference add, and nothing of it without them', () => {
    const all = corsExtras({ ...defaultBeyond, queryMethod: true, keyset: true, etag: true });
    assert.deepEqual(all, { methods: ['QUERY'], exposed: ['Link', 'ETag', 'Accept-Query'] });
    assert.deepEqual(corsExtras(defaultBeyond), { methods: [], exposed: [] });
    const asked = request('GET', { origin: 'http://a' });
    assert.match(corsHeaders(asked, [], all).at(-1) ?? '', /, Range-Unit, Link, ETag, Accept-Query$/);
    assert.match(corsHeaders(asked, []).at(-1) ?? '', /, Range-Unit$/);
  });
});
