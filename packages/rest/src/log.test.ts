import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import { PgError } from '@peakstone/kernel/pg';
import type { LogLevel } from './config/types.ts';
import type { Emit } from './events.ts';
import { createLog } from './log.ts';

const request = {
  method: 'GET',
  target: '/films?id=eq.1',
  remoteAddress: '10.0.0.7',
  headers: { referer: 'http://a', 'user-agent': 'curl/8' },
} as unknown as HttpRequest;

const response = (status: number): HttpResponse => ({ status, headers: [], body: null });

async function* streamed() {
  yield Buffer.from('x');
}

function record(level: LogLevel): { readonly emit: Emit; readonly out: string[]; readonly err: string[] } {
  const out: string[] = [];
  const err: string[] = [];
  const emit = createLog({
    level: () => level,
    out: text => out.push(text),
    err: text => err.push(text),
    now: () => new Date(2026, 0, 5, 6, 7, 8),
  });
  return { emit, out, err };
}

describe('the access log', () => {
  it('has one line a request in the combined format', () => {
    const { emit, out } = record('info');
    emit({
      kind: 'response',
      request,
      role: 'web_anon',
      response: { ...response(200), body: 'x'.repeat(42) },
    });
    assert.match(
      out[0]!,
      /^10\.0\.0\.7 - web_anon \[05\/Jan\/2026:06:07:08 [+-]\d{4}\] "GET \/films\?id=eq\.1 HTTP\/1\.1" 200 42 "http:\/\/a" "curl\/8"\n$/,
    );
  });

  it('shows a dash for what is not known', () => {
    const { emit, out } = record('info');
    const bare = { ...request, remoteAddress: '', headers: {} };
    emit({ kind: 'response', request: bare, role: null, response: { ...response(401), body: streamed() } });
    assert.match(out[0]!, /^- - - \[.*" 401 - "" ""\n$/);
    emit({ kind: 'response', request: bare, role: null, response: response(204) });
    assert.match(out[1]!, /" 204 - "" ""\n$/);
  });

  it('shows headers as the UTF-8 they are', () => {
    const { emit, out } = record('info');
    const accented = { ...request, headers: { referer: Buffer.from('http://é').toString('latin1') } };
    emit({ kind: 'response', request: accented, role: null, response: response(200) });
    assert.match(out[0]!, /"http:\/\/é" ""\n$/);
  });

  it('cannot be forged by a header', () => {
    const { emit, out } = record('info');
    const forged = { ...request, headers: { 'user-agent': 'a\n1.1.1.1 - admin' } };
    emit({ kind: 'response', request: forged, role: null, response: response(200) });
    assert.equal(out[0]!.trimEnd().includes('\n'), false);
  });

  const logged: readonly (readonly [LogLevel, readonly number[]])[] = [
    ['crit', []],
    ['error', [500]],
    ['warn', [404, 500]],
    ['info', [200, 404, 500]],
    ['debug', [200, 404, 500]],
  ];
  for (const [level, statuses] of logged) {
    it(`holds ${statuses.join(', ') || 'nothing'} at level ${level}`, () => {
      const { emit, out } = record(level);
      for (const status of [200, 404, 500])
        emit({ kind: 'response', request, role: null, response: response(status) });
      assert.deepEqual(
        out.map(line => Number(/" (\d{3}) /.exec(line)?.[1])),
        statuses,
      );
    });
  }
});

describe('the diagnostic log', () => {
  it('prefixes the time and keeps each message on one line', () => {
    const { emit, err } = record('crit');
    emit({ kind: 'listenerLost', channel: 'pgrst', error: new Error('could not connect\n\tno route') });
    assert.match(
      err[0]!,
      /^05\/Jan\/2026:06:07:08 [+-]\d{4}: Failed listening for database notifications on the "pgrst" channel\. could not connect no route\n$/,
    );
  });

  it('shows database errors as clients get them, from level error on', () => {
    const error = new PgError({ severity: 'ERROR', code: '57014', message: 'canceling statement' });
    const quiet = record('crit');
    quiet.emit({ kind: 'queryFailed', error });
    assert.deepEqual(quiet.err, []);
    const loud = record('error');
    loud.emit({ kind: 'queryFailed', error });
    assert.match(
      loud.err[0]!,
      /: \{"code":"57014","details":null,"hint":null,"message":"canceling statement"\}\n$/,
    );
  });

  it('shows statements of the requests that are logged', () => {
    const { emit, err } = record('error');
    emit({ kind: 'query', statements: ['select\n  1'], status: 200 });
    assert.deepEqual(err, []);
    emit({ kind: 'query', statements: ['select\n  1', 'select 2'], status: 500 });
    assert.match(err[0]!, /: select 1\n.*: select 2\n$/);
  });

  it('says once in a while that the pool is exhausted, not once a request', t => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { emit, err } = record('error');
    const timeout = { kind: 'pool', event: { kind: 'acquireTimeout', waitedMs: 1000, waiting: 9 } } as const;
    for (let i = 0; i < 10; i++) emit(timeout);
    assert.equal(err.length, 1);
    t.mock.timers.tick(5_000);
    assert.equal(err.length, 2);
    t.mock.timers.tick(5_000);
    assert.equal(err.length, 2);
    assert.match(err[0]!, /"code":"PGRST003"/);
  });

  it('tells of connections only when debugging', () => {
    for (const [level, lines] of [
      ['info', 0],
      ['debug', 1],
    ] as const) {
      const { emit, err } = record(level);
      emit({ kind: 'pool', event: { kind: 'connected', pid: 7, durationMs: 1 } });
      assert.equal(err.length, lines);
    }
  });

  it('warns of what will stop working', () => {
    const { emit, err } = record('crit');
    emit({ kind: 'legacyTargetNames', replacements: [['a', 'b']], method: 'GET', target: '/x' });
    assert.match(
      err[0]!,
      /WARNING: Embedded resource.*\n.*Update filters, orders or limits that use `a` to `b` in `GET \/x`\n$/,
    );
  });
});
