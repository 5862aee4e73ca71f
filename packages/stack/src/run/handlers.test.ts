import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Handler } from '@peakstone/kernel/http';
import { Handlers } from './handlers.ts';

const handler = (): Handler => () => ({ status: 200, headers: [], body: null });

describe('the handlers of the services in this process', () => {
  it('are expected back when they leave, and had by those who waited', async () => {
    const handlers = new Handlers();
    assert.equal(handlers.expected('rest'), null);
    const [first, second] = [handler(), handler()];
    handlers.arrive('rest', first);
    assert.equal(handlers.current('rest'), first);
    handlers.leave('rest');
    assert.equal(handlers.current('rest'), null);
    const waiting = handlers.expected('rest');
    handlers.arrive('rest', second);
    assert.equal(await waiting, second);
    assert.equal(handlers.expected('rest'), null);
  });

  it('are expected before they have ever come, where somebody counts on them, and not once they are there', async () => {
    const handlers = new Handlers();
    handlers.expect('rest');
    const waiting = handlers.expected('rest');
    handlers.expect('rest');
    assert.equal(handlers.expected('rest'), waiting);
    const first = handler();
    handlers.arrive('rest', first);
    assert.equal(await waiting, first);
    handlers.expect('rest');
    assert.equal(handlers.expected('rest'), null);
  });

  it('are waited for in vain for two seconds, no longer', t => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const handlers = new Handlers();
    handlers.leave('rest');
    const waiting = handlers.expected('rest');
    t.mock.timers.tick(2000);
    assert.equal(handlers.expected('rest'), null);
    return waiting?.then(given => assert.equal(given, null));
  });
});
