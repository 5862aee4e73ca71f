import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Handler, jsonResponse } from '@peakstone/kernel/http';
import { reservePorts } from '@peakstone/testing';
import { rest, start } from './support.ts';

describe('the service', () => {
  it('drains on stop, twice without harm, and frees its port', async () => {
    const entered = Promise.withResolvers<void>();
    const target: Handler = async () => {
      entered.resolve();
      await new Promise(resolve => setTimeout(resolve, 100));
      return jsonResponse(200, 'done');
    };
    const service = await start(
      [{ ...rest, target }],
      {},
      { GATEWAY_DRAIN: '5', GATEWAY_PORT: String(await reservePorts()) },
    );
    const answer = fetch(`${service.url}/rest/v1/`);
    await entered.promise;
    await Promise.all([service.stop(), service.stop()]);
    assert.equal(await (await answer).json(), 'done');
    assert.deepEqual(await service.health(), { ok: false, reason: 'stopping' });
    await start([rest], {}, { GATEWAY_PORT: String(service.port) });
  });

  it('says so when its port is taken', async () => {
    const { port } = await start([rest]);
    await assert.rejects(start([rest], {}, { GATEWAY_PORT: String(port) }), { code: 'EADDRINUSE' });
  });
});
