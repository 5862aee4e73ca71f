import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fuzzSmuggling } from './run.ts';
import { hasNginx, type UpstreamName } from './upstreams.ts';

/** `npm run bench -- gateway/smuggling` goes through thousands. */
const ROUNDS = 25;
const UPSTREAMS: readonly UpstreamName[] = ['node:http', 'ours', 'nginx'];

describe('one request in is one request out', () => {
  for (const name of UPSTREAMS) {
    const skip = name === 'nginx' && !hasNginx ? 'nginx is not installed (apt install nginx)' : false;
    it(`whatever bytes a client sends, before ${name}`, { skip }, async t => {
      const { wrong, ...counts } = await fuzzSmuggling(name, ROUNDS, 42);
      assert.deepEqual(wrong, []);
      t.diagnostic(JSON.stringify(counts));
    });
  }
});
