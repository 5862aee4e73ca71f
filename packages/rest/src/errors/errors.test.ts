import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectionError, PgError, PoolTimeoutError } from '@peakstone/kernel/pg';
import { type ErrorContext, RestError, renderError, requestErrors, statusOfSqlState } from '../errors.ts';

const context: ErrorContext = { authenticated: true, verbosity: 'verbose', retryAfterSeconds: 4 };
const anonymous: ErrorContext = { ...context, authenticated: false };

const pgError = (code: string, message: string, more: { detail?: string; hint?: string } = {}): PgError =>
  new PgError({ severity: 'ERROR', code, message, ...more });

const header = (headers: readonly string[], name: string): string | undefined => {
  const at = headers.findIndex((item, i) => i % 2 === 0 && item === name);
  return at < 0 ? undefined : headers[at + 1];
};

describe('rendering an error', () => {
  it('sorts the keys and names the code for proxies', () => {
    const response = renderError(requestErrors.singularity(2), context);
    assert.equal(response.status, 406);
    assert.equal(
      response.body,
      '{"code":"PGRST116","details":"The result contains 2 rows","hint":null,"message":"Cannot coerce the result to a single JSON object"}',
    );
    assert.deepEqual(response.headers, [
      'Content-Type',
      'application/json; charset=utf-8',
      'Proxy-Status',
      'PostgREST; error=PGRST116',
    ]);
  });

  it('tells visitors why the database is away, but not where on the machine its files lie', () => {
    const details = (message: string) =>
      JSON.parse(String(renderError(new ConnectionError(message), anonymous).body)).details;
    assert.equal(
      details(
        'Cannot reach PostgreSQL at /srv/my app/.s.PGSQL.5432: connect ENOENT /srv/my app/.s.PGSQL.5432',
      ),
      'Cannot reach PostgreSQL at a unix socket: connect ENOENT a unix socket',
    );
    assert.equal(
      details("ENOENT: no such file or directory, open '/etc/ssl/root.crt'"),
      "ENOENT: no such file or directory, open 'a local file'",
    );
    const address = 'Cannot reach PostgreSQL at 127.0.0.1:5432: connect ECONNREFUSED 127.0.0.1:5432';
    assert.equal(details(address), address);
  });

  it('leaves details and hint out for clients that shall not see them', () => {
    const { body } = renderError(pgError('23505', 'duplicate', { detail: 'Key (id)=(1)' }), {
      ...context,
      verbosity: 'minimal',
    });
    assert.equal(body, '{"code":"23505","message":"duplicate"}');
  });

  it('tells when to come back while the database is away', () => {
    const response = renderError(new ConnectionError('no route'), context);
    assert.equal(response.status, 503);
    assert.equal(header(response.headers, 'Retry-After'), '4');
    assert.equal(renderError(new PoolTimeoutError('late'), context).status, 504);
  });

  it('asks an anonymous client for a token and refuses a known one', () => {
    const denied = pgError('42501', 'permission denied for table secrets');
    const asked = renderError(denied, anonymous);
    assert.equal(asked.status, 401);
    assert.equal(header(asked.headers, 'WWW-Authenticate'), 'Bearer');
    const refused = renderError(denied, context);
    assert.equal(refused.status, 403);
    assert.equal(header(refused.headers, 'WWW-Authenticate'), undefined);
  });

  it('never shows the text of a defect', () => {
    const response = renderError(new TypeError('password=hunter2'), context);
    assert.equal(response.status, 500);
    assert.doesNotMatch(String(response.body), /hunter2/);
  });

  it('writes control characters as the reference does', () => {
    const { body } = renderError(new RestError('PGRST100', 'a\b\f\n\\b"'), context);
    assert.equal(
      body,
      '{"code":"PGRST100","details":null,"hint":null,"message":"a\\u0008\\u000c\\n\\\\b\\""}',
    );
  });
});

describe('what a function raises', () => {
  it('sets the status and the reason phrase by PTnnn', () => {
    const response = renderError(pgError('PT402', 'Payment Required', { hint: 'Upgrade' }), context);
    assert.equal(response.status, 402);
    assert.equal(response.statusText, 'Payment Required');
    assert.match(String(response.body), /"hint":"Upgrade"/);
    assert.equal(renderError(pgError('PTxyz', 'no number'), context).status, 500);
  });

  it('writes the whole response by sqlstate PGRST', () => {
    const message = JSON.stringify({ code: '123', message: 'Mine', details: 'D', hint: 'H' });
    const detail = JSON.stringify({ status: 332, status_text: 'Own', headers: { 'X-B': '2', 'X-A': '1' } });
    const response = renderError(pgError('PGRST', message, { detail }), context);
    assert.equal(response.status, 332);
    assert.equal(response.statusText, 'Own');
    assert.equal(response.body, '{"code":"123","details":"D","hint":"H","message":"Mine"}');
    assert.deepEqual(response.headers.slice(4), ['X-A', '1', 'X-B', '2']);
  });

  it('is told what is wrong with its JSON', () => {
    const noDetail = renderError(pgError('PGRST', '{"code":"1","message":"m"}'), context);
    assert.equal(noDetail.status, 500);
    assert.match(String(noDetail.body), /"code":"PGRST121","details":"DETAIL is missing/);
    const noJson = renderError(pgError('PGRST', 'oops', { detail: '{}' }), context);
    assert.match(String(noJson.body), /Invalid JSON value for MESSAGE: 'oops'/);
  });

  it('cannot break the response apart', () => {
    const message = JSON.stringify({ code: 'a\r\nX: 1', message: 'm' });
    const detail = JSON.stringify({ status: 200, headers: { 'X-A': 'b\r\nX-Evil: 1', 'bad name': 'x' } });
    const { headers } = renderError(pgError('PGRST', message, { detail }), context);
    assert.ok(headers.every(item => !/[\r\n]/.test(item)));
    assert.ok(!headers.includes('bad name'));
  });
});

describe('the status of a SQLSTATE', () => {
  const cases: readonly (readonly [string, string, number])[] = [
    ['08006', '', 503],
    ['0L000', '', 403],
    ['21000', 'more than one row returned', 500],
    ['21000', 'UPDATE requires a WHERE clause', 400],
    ['22023', 'role "x" does not exist', 401],
    ['22023', 'bad parameter', 400],
    ['23503', '', 409],
    ['23505', '', 409],
    ['25006', '', 405],
    ['25001', '', 500],
    ['28P01', '', 403],
    ['40001', '', 500],
    ['42883', 'function xmlagg(test) does not exist', 406],
    ['42883', 'function f() does not exist', 404],
    ['42P01', '', 404],
    ['42P17', '', 500],
    ['53300', '', 503],
    ['53400', '', 500],
    ['57014', '', 500],
    ['57P01', '', 503],
    ['P0001', '', 400],
    ['P0002', '', 500],
    ['XX000', '', 500],
    ['22P02', '', 400],
  ];
  for (const [code, message, status] of cases) {
    it(`is ${status} for ${code}${message && ` (${message})`}`, () => {
      assert.equal(statusOfSqlState(code, message, true), status);
    });
  }
});
