import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runWhole } from '@peakstone/kernel/pace';
import { films } from '../../test/support/films.ts';
import { type Compiled, compileAction } from '../compile.ts';
import { defaultConfig, type RestConfig } from '../config/types.ts';
import { type ApiRequest, parseRequest, takesBody, withBody } from '../parse/request.ts';
import { parseTarget, type RequestParts } from '../parse/target.ts';
import { createMemo, type Memo } from './memo.ts';

const config: RestConfig = {
  ...defaultConfig,
  dbSchemas: ['api'],
  dbAnonRole: 'web_anon',
  dbAggregatesEnabled: true,
};
const get = (target: string, headers: RequestParts['headers'] = {}): RequestParts =>
  send('GET', target, headers);

function send(method: string, target: string, headers: RequestParts['headers'] = {}): RequestParts {
  const [path = '', query = ''] = target.split('?', 2);
  return { method, path, query, headers };
}

interface Outcome {
  readonly compiled: Compiled;
  readonly canonical: string;
}

const hold = (): void => {};

function withPayload(head: ApiRequest, body: string): ApiRequest {
  return takesBody(head) ? runWhole(withBody(head, Buffer.from(body), hold)) : head;
}

function compileAnew(parts: RequestParts, body = ''): Outcome {
  const request = withPayload(parseRequest(parts, parseTarget(parts, config), config), body);
  return {
    compiled: runWhole(compileAction(request, films, config, hold)),
    canonical: request.query.canonical,
  };
}

/** Null where the memo has to have it compiled anew. */
function find(
  memo: Memo,
  parts: RequestParts,
  body = '',
  { catalog, settings } = { catalog: films, settings: config },
): Outcome | null {
  const known = memo.find(parts, catalog, settings);
  const compiled = known?.compile(withPayload(known.head, body));
  return known && compiled ? { compiled, canonical: known.head.query.canonical } : null;
}

/** Shows the memo what it needs to know a shape. */
function teach(memo: Memo, parts: RequestParts, body = ''): void {
  assert.equal(find(memo, parts, body), null);
  find(memo, parts, body);
  find(memo, parts, body);
}

describe('remembering how requests compile', () => {
  it('gives the same statements as compiling anew', () => {
    const pairs: readonly (readonly [string, string])[] = [
      ['/films?id=eq.1', '/films?id=eq.%27%3B--'],
      ['/films?id=gt.1&id=lt.9&title=neq.a', '/films?id=gt.9&id=lt.1&title=neq.%C3%A9+b'],
      [
        '/films?select=id,by:directors!director_id(name)&by.name=eq.x&id=gte.5',
        '/films?select=id,by:directors!director_id(name)&by.name=eq.y%26z&id=gte.6',
      ],
      [
        '/directors?select=name,films!director_id!inner(title)&films.title=eq.a',
        '/directors?select=name,films!director_id!inner(title)&films.title=eq.',
      ],
      [
        '/films?id=not.eq.1&or=(id.eq.1,id.eq.2)&title=like.a*',
        '/films?id=not.eq.2&or=(id.eq.1,id.eq.2)&title=like.a*',
      ],
      ['/films?data->>a=eq.1&limit=5', '/films?data->>a=eq.2&limit=5'],
      ['/films?select=count(),director_id&id=lte.4', '/films?select=count(),director_id&id=lte.5'],
      ['/films', '/films'],
    ];
    for (const [first, second] of pairs) {
      for (const headers of [
        {},
        { prefer: 'count=exact' },
        { prefer: 'count=planned', accept: 'text/csv' },
        { range: '0-3' },
      ]) {
        const memo = createMemo();
        teach(memo, get(first, headers));
        const known = find(memo, get(second, headers));
        assert.ok(known, second);
        const { compiled, canonical } = compileAnew(get(second, headers));
        assert.deepEqual(known.compiled.statements, compiled.statements, second);
        assert.deepEqual(known.compiled.mediaType, compiled.mediaType);
        assert.equal(known.canonical, canonical);
      }
    }
  });

  it('tells shapes apart by everything that changes a statement', () => {
    const memo = createMemo();
    teach(memo, get('/films?id=eq.1'));
    const others = [
      get('/films?id=neq.1'),
      get('/films?title=eq.1'),
      get('/films?id=not.eq.1'),
      get('/films?id=eq(any).{1}'),
      get('/films?id=eq.1&select=id'),
      get('/films?id=eq.1&limit=1'),
      get('/directors?id=eq.1'),
      get('/films?id=eq.1', { accept: 'text/csv' }),
      get('/films?id=eq.1', { prefer: 'count=exact' }),
      get('/films?id=eq.1', { range: '0-1' }),
      get('/films?id=eq.1', { 'accept-profile': 'api' }),
      { ...get('/films?id=eq.1'), method: 'HEAD' },
    ];
    for (const parts of others) assert.equal(find(memo, parts), null, JSON.stringify(parts));
  });

  it('does not mistake a parameter with a meaning of its own for a filter', () => {
    const memo = createMemo();
    for (const name of ['order', 'limit', 'select', 'films.order']) {
      teach(memo, get(`/directors?select=id,films!director_id(id)&${name}=eq.1`));
      assert.equal(find(memo, get(`/directors?select=id,films!director_id(id)&${name}=eq.2`)), null, name);
    }
  });

  it('forgets when the catalog or the settings change', () => {
    const memo = createMemo();
    teach(memo, get('/films?id=eq.1'));
    assert.ok(find(memo, get('/films?id=eq.2')));
    assert.equal(find(memo, get('/films?id=eq.2'), '', { catalog: { ...films }, settings: config }), null);
    assert.equal(find(memo, get('/films?id=eq.2'), '', { catalog: films, settings: { ...config } }), null);
  });

  it('leaves refusals to the request itself', () => {
    const memo = createMemo();
    for (const target of [
      '/nowhere?id=eq.1',
      '/films?nested.id=eq.1',
      '/films?id=eq.1&order=id.up',
      '/films?select=id,',
    ]) {
      teach(memo, get(target));
      assert.equal(find(memo, get(target)), null, target);
    }
  });

  it('keeps what it knows through a flood of requests that never come again', () => {
    const memo = createMemo();
    teach(memo, get('/films?id=eq.1'));
    for (let i = 0; i < 5000; i++) find(memo, get(`/films?title=like.${i}*`));
    assert.ok(find(memo, get('/films?id=eq.2')));
  });

  it('keeps values of one request out of the next', () => {
    const memo = createMemo();
    teach(memo, get('/films?id=eq.1'));
    const first = find(memo, get('/films?id=eq.10'));
    const second = find(memo, get('/films?id=eq.20'));
    assert.deepEqual(first?.compiled.statements[0]?.values, ['10']);
    assert.deepEqual(second?.compiled.statements[0]?.values, ['20']);
  });

  it('gives the same statements of writes and calls, whatever their bodies', () => {
    const pairs: readonly (readonly [
      method: string,
      target: string,
      body: string,
      target2: string,
      body2: string,
    ])[] = [
      ['POST', '/films', '{"id":1,"title":"a"}', '/films', ' {"title":"b","id":2}'],
      ['POST', '/films?select=id', '[{"id":1},{"id":2}]', '/films?select=id', '[{"id":3}]'],
      ['POST', '/films?columns=id,title', '[{"id":1,"x":2}]', '/films?columns=id,title', '[]'],
      ['POST', '/films?on_conflict=id', '{"id":1}', '/films?on_conflict=id', '{"id":7}'],
      ['POST', '/films', '{}', '/films', '{}'],
      ['PUT', '/films?id=eq.1', '{"id":1,"title":"a"}', '/films?id=eq.2', '{"id":2,"title":"b"}'],
      ['PATCH', '/films?id=eq.1', '{"title":"a"}', '/films?id=eq.2&', '{"title":"b"}'],
      ['PATCH', '/films?id=gt.1&title=neq.x', '{"title":"a"}', '/films?id=gt.9&title=neq.', '{"title":"b"}'],
      ['DELETE', '/films?id=eq.1', '', '/films?id=eq.%27', ''],
    ];
    for (const [method, first, firstBody, second, secondBody] of pairs) {
      for (const prefer of [
        undefined,
        'return=representation',
        'missing=default,resolution=merge-duplicates',
      ]) {
        const memo = createMemo();
        const parts = send(method, second.replace(/&$/, ''), { prefer });
        teach(memo, send(method, first, { prefer }), firstBody);
        const known = find(memo, parts, secondBody);
        assert.ok(known, `${method} ${second}`);
        const { compiled } = compileAnew(parts, secondBody);
        assert.deepEqual(known.compiled.statements, compiled.statements, `${method} ${second}`);
        assert.deepEqual(known.compiled.mediaType, compiled.mediaType);
      }
    }
  });

  it('tells bodies apart by what they change of a statement', () => {
    const memo = createMemo();
    teach(memo, send('POST', '/films'), '{"id":1,"title":"a"}');
    for (const body of ['{"id":1}', '[{"id":1,"title":"a"}]', '{"id":1,"title":"a","director_id":1}', '{}']) {
      assert.equal(find(memo, send('POST', '/films'), body), null, body);
    }
    for (const headers of [
      { 'content-type': 'text/csv' },
      { 'content-profile': 'api' },
      { prefer: 'tx=rollback' },
    ]) {
      assert.equal(memo.find(send('POST', '/films', headers), films, config), null, JSON.stringify(headers));
    }
  });

  it('holds no body of a request', () => {
    const memo = createMemo();
    teach(memo, send('POST', '/films'), '{"id":1,"title":"first"}');
    const known = find(memo, send('POST', '/films'), '{"id":1,"title":"second"}');
    assert.deepEqual(known?.compiled.statements[0]?.values, [Buffer.from('{"id":1,"title":"second"}')]);
  });
});
