import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createVerifier, signJwt } from '@peakstone/kernel/jwt';
import { runWhole } from '@peakstone/kernel/pace';
import { createShortStatements } from '@peakstone/kernel/pg';
import { films } from '../../test/support/films.ts';
import { defaultConfig, type RestConfig } from '../config/types.ts';
import { parseRequest, takesBody, withBody } from '../parse/request.ts';
import { parseTarget, type RequestParts } from '../parse/target.ts';
import { createMemo } from './memo.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const config: RestConfig = { ...defaultConfig, dbSchemas: ['api'], dbAnonRole: 'web_anon' };

/** MB that are still held after `flood`, by what it gives. */
function heldMb(flood: () => unknown): number {
  collect();
  const before = process.memoryUsage();
  const kept = flood();
  collect();
  const after = process.memoryUsage();
  assert.ok(kept);
  return (after.heapUsed + after.external - before.heapUsed - before.external) / 1e6;
}

/** As it stands in a request that is much longer. */
const cutOut = (text: string): string => `${text}${'x'.repeat(30_000)}`.slice(0, text.length);

const fill = (i: number, length: number, part: (k: string) => string): string => {
  let text = '';
  for (let k = 0; text.length < length; k++) text += part(`${i.toString(36)}_${k}`);
  return text;
};

describe('what is remembered after a flood of large requests', () => {
  const send = (parts: RequestParts, times: number, memo = createMemo(), body = ''): typeof memo => {
    for (let turn = 0; turn < times; turn++) {
      const known = memo.find(parts, films, config);
      if (!known) {
        parseRequest(parts, parseTarget(parts, config), config);
        continue;
      }
      known.compile(
        takesBody(known.head) ? runWhole(withBody(known.head, Buffer.from(body), () => {})) : known.head,
      );
    }
    return memo;
  };

  it('is a few MB of shapes that came again', () => {
    const memo = createMemo();
    const held = heldMb(() => {
      for (let i = 0; i < 2500; i++) {
        const query = cutOut(`id=eq.${i}&select=id${fill(i, 900, k => `,a${k}:directors!director_id(id)`)}`);
        send(
          { method: 'GET', path: cutOut('/films'), query, headers: { accept: cutOut('application/json') } },
          4,
          memo,
        );
      }
      return memo;
    });
    assert.ok(held < 24, `${held.toFixed(1)} MB`);
  });

  it('is a few MB of shapes that came once, with long headers or long bodies', () => {
    const memo = createMemo();
    const held = heldMb(() => {
      for (let i = 0; i < 4000; i++) {
        const prefer = cutOut(`a=${i}${'y'.repeat(2900)}`);
        send(
          { method: 'GET', path: cutOut('/films'), query: cutOut(`id=eq.${i}`), headers: { prefer } },
          i % 3,
          memo,
        );
        const body = JSON.stringify(
          Object.fromEntries([
            ['id', 1],
            [fill(i, 3000, k => k), 2],
          ]),
        );
        send({ method: 'POST', path: '/films', query: '', headers: {} }, 2, memo, body);
      }
      return memo;
    });
    assert.ok(held < 24, `${held.toFixed(1)} MB`);
  });

  it('is a few MB of statements and of tokens', () => {
    const statements = heldMb(() => {
      const short = createShortStatements();
      for (let i = 0; i < 5000; i++)
        short.note(
          fill(i, 15_000, k => `${k} `),
          2,
        );
      return short;
    });
    assert.ok(statements < 12, `${statements.toFixed(1)} MB of statements`);
    const secret = 'reallyreallyreallyreallyverysafe';
    const tokens = heldMb(() => {
      const verifier = createVerifier({ secret, cacheMaxEntries: 100_000 });
      for (let i = 0; i < 3000; i++)
        verifier.verify(cutOut(signJwt({ list: Array.from({ length: 200 }, (_, n) => i + n) }, secret)));
      return verifier;
    });
    assert.ok(tokens < 12, `${tokens.toFixed(1)} MB of tokens`);
  });
});
