import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { type Handler, jsonResponse } from '@peakstone/kernel/http';
import type { Health } from '@peakstone/kernel/service';
import { reservePorts } from '@peakstone/testing';
import { checkListener } from '../src/selfCheck.ts';
import { rest, start } from './support.ts';

const reasonOf = (health: Health) => (health.ok ? '' : health.reason);

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

  it('is in good health when its own port answers, and not when that is silent or gone', async () => {
    const { health } = await start([rest]);
    assert.deepEqual(await health(), { ok: true });
    const sockets = new Set<Socket>();
    const silent = createServer(socket => sockets.add(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address() as AddressInfo;
    assert.match(reasonOf(await checkListener(address)), /gives no answer on its own port/);
    for (const socket of sockets) socket.destroy();
    await new Promise(resolve => silent.close(resolve));
    assert.match(reasonOf(await checkListener(address)), /can not be reached on its own port/);
  });

  it('says so when its port is taken', async () => {
    const { port } = await start([rest]);
    await assert.rejects(start([rest], {}, { GATEWAY_PORT: String(port) }), { code: 'EADDRINUSE' });
  });
});
