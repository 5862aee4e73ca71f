import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { plainStyle } from './style.ts';
import { renderSummary } from './summary.ts';

const summary = {
  pid: 1,
  data: '/srv/app/.peakstone',
  startedInMs: 1234,
  addresses: [{ service: 'gateway', title: 'Gateway', url: 'http://127.0.0.1:8000' }],
  off: [],
  ports: { gateway: 8000 },
  keys: { anon: 'the.anon.key', service: 'the.service.key' },
};

describe('what up shows', () => {
  const render = (terminal: boolean, detached = false): string =>
    renderSummary(summary, { style: plainStyle, detached, terminal, link: null });

  it('is addresses, both keys and how to go on, on a terminal', () => {
    assert.match(
      render(true),
      /Gateway +http:\/\/127\.0\.0\.1:8000\n\n +anon key +the\.anon\.key\n +service key +the\.service\.key\n/,
    );
    assert.match(render(true), /Ctrl-C stops everything/);
    assert.match(render(true, true), /peakstone down/);
  });

  it('names what the configuration leaves out', () => {
    const off = [{ name: 'graphql', title: 'GraphQL API' }];
    assert.match(
      renderSummary({ ...summary, off }, { style: plainStyle, detached: false, terminal: false, link: null }),
      /Off by configuration: GraphQL API\n/,
    );
    assert.doesNotMatch(render(false), /Off by/);
  });

  it('is never the service key elsewhere, but how to print it', () => {
    for (const detached of [false, true]) {
      assert.doesNotMatch(render(false, detached), /the\.service\.key/);
      assert.match(render(false, detached), /service key +printed by: peakstone secrets jwt service\n/);
      assert.match(render(false, detached), /anon key +the\.anon\.key\n/);
    }
  });
});
