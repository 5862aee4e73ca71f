import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runWhole } from '@peakstone/kernel/pace';
import { generateRequest } from '../../test/fuzz/grammar.ts';
import { createRandom, type Random } from '../../test/fuzz/random.ts';
import { films } from '../../test/support/films.ts';
import { type Compiled, compileAction } from '../compile.ts';
import { defaultBeyond } from '../config/beyond.ts';
import { defaultConfig, type RestConfig } from '../config/types.ts';
import { type ApiRequest, parseRequest, takesBody, withBody } from '../parse/request.ts';
import { parseTarget, type RequestParts } from '../parse/target.ts';
import { createMemo, type Memo } from './memo.ts';

interface Sent extends RequestParts {
  readonly body: string;
}

const config: RestConfig = {
  ...defaultConfig,
  dbSchemas: ['api'],
  dbAnonRole: 'web_anon',
  dbAggregatesEnabled: true,
  dbPlanEnabled: true,
  beyond: { ...defaultBeyond, columnFilters: true, keyset: true, stream: true },
};

const hold = (): void => {};

function withPayload(head: ApiRequest, body: string): ApiRequest {
  return takesBody(head) ? runWhole(withBody(head, Buffer.from(body), hold)) : head;
}

/** All that an answer is made from. */
function outcome(head: ApiRequest, api: ApiRequest, compiled: Compiled): unknown {
  const { plan, ...rest } = compiled;
  const { query, ...parts } = head;
  return {
    parts,
    payload: api.payload,
    canonical: head.action.kind === 'read' ? query.canonical : null,
    onConflict: query.onConflict,
    legacyTargets: plan.legacyTargets,
    compiled: rest,
  };
}

/** A refusal by what the client sees of it. */
function refusal(error: unknown): unknown {
  const { code, status, message } = error as { code?: string; status?: number; message: string };
  return { code, status, message };
}

function answerAnew(sent: Sent): unknown {
  try {
    const head = parseRequest(sent, parseTarget(sent, config), config);
    const { kind } = head.action;
    if (kind === 'inspect' || kind === 'info') return null;
    const api = withPayload(head, sent.body);
    return outcome(head, api, runWhole(compileAction(api, films, config, hold)));
  } catch (error) {
    return refusal(error);
  }
}

/** Undefined where the memo leaves it to be compiled anew. */
function answerKnown(memo: Memo, sent: Sent): unknown {
  const known = memo.find(sent, films, config);
  if (!known) return undefined;
  let api: ApiRequest;
  try {
    api = withPayload(known.head, sent.body);
  } catch (error) {
    return refusal(error);
  }
  const compiled = known.compile(api);
  return compiled ? outcome(known.head, api, compiled) : undefined;
}

/** Sends each several times, so that the memo knows them; returns how many answers it remembered. */
function compare(memo: Memo, requests: readonly Sent[]): number {
  let remembered = 0;
  for (const sent of requests) {
    const anew = answerAnew(sent);
    for (let turn = 0; turn < 3; turn++) {
      const known = answerKnown(memo, sent);
      if (known === undefined) continue;
      remembered++;
      assert.deepEqual(known, anew, JSON.stringify(sent));
    }
  }
  return remembered;
}

const names = ['', '\0', '\n', ',', '"', ':', '&', '1:', '0:', '-', 'id', 'title', 'id\0title', 'id,title'];
const nearNames = [...names, 'a', 'b', 'a\0b', '1:a', 'a1:b', '{', '['];

function rowOf(random: Random): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: random.int(3) }, () => [random.pick(nearNames), 1]));
}

describe('what is remembered of requests', () => {
  it('takes no body for one with other keys, whatever their names', () => {
    const random = createRandom(7);
    const memo = createMemo();
    const targets = [
      'POST /films',
      'PATCH /films',
      'POST /rpc/add_them',
      'POST /rpc/choose',
      'POST /nowhere',
    ];
    const requests = Array.from({ length: 4_000 }, (): Sent => {
      const [method = '', path = ''] = random.pick(targets).split(' ');
      const row = rowOf(random);
      const body = JSON.stringify(random.chance(0.3) ? [row] : row);
      return { method, path, query: '', headers: {}, body };
    });
    assert.ok(compare(memo, requests) > 500);
  });

  it('tells an empty list of columns from one without a name', () => {
    const memo = createMemo();
    const send = (body: string, path = '/films'): Sent => ({
      method: 'POST',
      path,
      query: '',
      headers: {},
      body,
    });
    compare(memo, [send('{}'), send('{"":1}'), send('[{}]'), send('[{"":1}]')]);
    compare(memo, [send('{"a":1,"b":1}', '/rpc/add_them'), send('{"a\\u0000b":1}', '/rpc/add_them')]);
  });

  it('takes no header and no query for another, wherever line ends and zeros stand', () => {
    const random = createRandom(11);
    const memo = createMemo();
    const text = (): string => Array.from({ length: random.int(4) }, () => random.pick(nearNames)).join('');
    const requests = Array.from({ length: 4_000 }, (): Sent => {
      const headers: Record<string, string> = {};
      if (random.chance(0.4))
        headers.accept = random.pick(['text/csv', 'application/json', `text/csv\n${text()}`]);
      if (random.chance(0.4)) headers.prefer = random.pick(['count=exact', '\0', '-', text()]);
      if (random.chance(0.2)) headers.range = random.pick(['0-1', '\0', '']);
      // As the method QUERY takes it from a body.
      const query = [`id=eq.${text()}`, random.pick(['', 'select=id', `title=${text()}`, `title=eq.\0`])];
      return { method: 'GET', path: '/films', query: query.join('&'), headers, body: '' };
    });
    assert.ok(compare(memo, requests) > 500);
  });

  it('is what compiling anew gives, for requests made by chance', () => {
    const random = createRandom(20261127);
    const memo = createMemo();
    const requests = Array.from({ length: 3_000 }, (): Sent => {
      const { method, target, headers, body } = generateRequest(random, films);
      const [path = '', query = ''] = target.split('?', 2);
      return { method, path, query, headers, body };
    });
    assert.ok(compare(memo, requests) > 500);
  });
});
