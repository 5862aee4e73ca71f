import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { films } from '../../test/support/films.ts';
import { type Compiled, compileRead } from '../compile.ts';
import { defaultConfig, type RestConfig } from '../config/types.ts';
import { parseRequest } from '../parse/request.ts';
import { parseTarget, type RequestParts } from '../parse/target.ts';
import { createMemo, type Memo } from './memo.ts';

const config: RestConfig = {
  ...defaultConfig,
  dbSchemas: ['api'],
  dbAnonRole: 'web_anon',
  dbAggregatesEnabled: true,
};
const get = (target: string, headers: RequestParts['headers'] = {}): RequestParts => {
  const [path = '', query = ''] = target.split('?', 2);
  return { method: 'GET', path, query, headers };
};

function compileAnew(parts: RequestParts): { compiled: Compiled; canonical: string } {
  const request = parseRequest(parts, parseTarget(parts, config), config);
  assert.ok(request.action.kind === 'read');
  return {
    compiled: compileRead(request.action, request, films, config),
    canonical: request.query.canonical,
  };
}

/** Shows the memo two requests of a shape, after which it knows the shape. */
function teach(memo: Memo, parts: RequestParts): void {
  assert.equal(memo.find(parts, films, config), null);
  memo.find(parts, films, config);
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
        const known = memo.find(get(second, headers), films, config);
        assert.ok(known, second);
        const { compiled, canonical } = compileAnew(get(second, headers));
        assert.deepEqual(known.compiled.statements, compiled.statements, second);
        assert.deepEqual(known.compiled.mediaType, compiled.mediaType);
        assert.equal(known.api.query.canonical, canonical);
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
    for (const parts of others) assert.equal(memo.find(parts, films, config), null, JSON.stringify(parts));
  });

  it('does not mistake a parameter with a meaning of its own for a filter', () => {
    const memo = createMemo();
    for (const name of ['order', 'limit', 'select', 'films.order']) {
      teach(memo, get(`/directors?select=id,films!director_id(id)&${name}=eq.1`));
      assert.equal(
        memo.find(get(`/directors?select=id,films!director_id(id)&${name}=eq.2`), films, config),
        null,
        name,
      );
    }
  });

  it('forgets when the catalog or the settings change', () => {
    const memo = createMemo();
    teach(memo, get('/films?id=eq.1'));
    assert.ok(memo.find(get('/films?id=eq.2'), films, config));
    assert.equal(memo.find(get('/films?id=eq.2'), { ...films }, config), null);
    assert.equal(memo.find(get('/films?id=eq.2'), films, { ...config }), null);
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
      assert.equal(memo.find(get(target), films, config), null, target);
    }
  });

  it('keeps what it knows through a flood of requests that never come again', () => {
    const memo = createMemo();
    teach(memo, get('/films?id=eq.1'));
    for (let i = 0; i < 5000; i++) memo.find(get(`/films?title=like.${i}*`), films, config);
    assert.ok(memo.find(get('/films?id=eq.2'), films, config));
  });

  it('keeps values of one request out of the next', () => {
    const memo = createMemo();
    teach(memo, get('/films?id=eq.1'));
    const first = memo.find(get('/films?id=eq.10'), films, config);
    const second = memo.find(get('/films?id=eq.20'), films, config);
    assert.deepEqual(first?.compiled.statements[0]?.values, ['10']);
    assert.deepEqual(second?.compiled.statements[0]?.values, ['20']);
  });
});
