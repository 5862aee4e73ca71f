import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSince, readable } from './logs.ts';
import { parseLifetime } from './secrets.ts';
import { duration } from './status.ts';

describe('values on the command line', () => {
  it('reads when log lines begin: ago, a date, a time', () => {
    const now = new Date('2026-01-31T12:00:00Z');
    assert.equal(parseSince('90s', now).toISOString(), '2026-01-31T11:58:30.000Z');
    assert.equal(parseSince('2h', now).toISOString(), '2026-01-31T10:00:00.000Z');
    assert.deepEqual(parseSince('2026-01-30', now), new Date(2026, 0, 30));
    assert.deepEqual(parseSince('2026-01-30T08:15', now), new Date(2026, 0, 30, 8, 15));
    for (const wrong of ['yesterday', '10', '-1h', '1w', '2026-13-45'])
      assert.throws(() => parseSince(wrong, now), /--since cannot be/);
  });

  it('reads how long a token lives', () => {
    assert.equal(parseLifetime('15m'), 900);
    assert.equal(parseLifetime('never'), null);
    for (const wrong of ['0s', '1', 'x', '-1h'])
      assert.throws(() => parseLifetime(wrong), /--expires cannot be/);
  });

  it('says durations as one would', () => {
    assert.deepEqual([34, 4200, 59_000, 61_000, 7_200_000, 12_000_000, 100_000_000].map(duration), [
      '34 ms',
      '4.2 s',
      '59 s',
      '1 min',
      '2 h',
      '3 h 20 min',
      '1 d 3 h',
    ]);
  });
});

describe('log lines as they are shown', () => {
  it('are without the time that each service stamps in its own way', () => {
    assert.equal(
      readable('2026-11-24 10:35:47.111 UTC [30328] user= db= app= client= LOG:  starting'),
      'LOG:  starting',
    );
    assert.equal(readable('24/Nov/2026:10:35:47 +0000: Config reloaded'), 'Config reloaded');
    assert.equal(
      readable('{"time":"2026-11-24T10:35:47Z","level":"info","message":"request","status":200}'),
      'info request status=200',
    );
    assert.equal(readable('{"time":"cut'), '{"time":"cut');
    assert.equal(
      readable(
        '{"type":"http-log","level":"error","detail":{"operation":{"user_vars":{"x-hasura-role":"anon"},"error":{"path":"$.x","error":"no such field","code":"validation-failed"},"query_execution_time":0.0125},"http_info":{"status":200,"url":"/v1/graphql","method":"POST"}}}',
      ),
      'error POST /v1/graphql status=200 ms=12.50 role=anon validation-failed at $.x: no such field',
    );
    assert.equal(readable('{"type":"http-log"'), '{"type":"http-log"');
  });
});
