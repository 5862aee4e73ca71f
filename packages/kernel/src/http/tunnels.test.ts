import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { Tunnels } from './tunnels.ts';

describe('connections of other protocols', () => {
  it('have half of what there is, and whoever has most gives way to those with fewer', () => {
    const tunnels = new Tunnels(8);
    const many = Array.from({ length: 4 }, () => new PassThrough());
    for (const socket of many) assert.ok(tunnels.take(socket, 'greedy'));
    assert.equal(tunnels.take(new PassThrough(), 'greedy'), false);
    const modest = [new PassThrough(), new PassThrough()];
    for (const socket of modest) assert.ok(tunnels.take(socket, 'modest'));
    assert.deepEqual(
      many.map(({ destroyed }) => destroyed),
      [true, true, false, false],
    );
    // They have as many as one another now.
    assert.equal(tunnels.take(new PassThrough(), 'modest'), false);
    assert.ok(tunnels.take(new PassThrough(), 'third'));
  });

  it('have room again when one closes', async () => {
    const tunnels = new Tunnels(2);
    const socket = new PassThrough();
    assert.ok(tunnels.take(socket, 'a'));
    assert.equal(tunnels.take(new PassThrough(), 'a'), false);
    socket.destroy();
    await new Promise(resolve => socket.once('close', resolve));
    assert.ok(tunnels.take(new PassThrough(), 'a'));
  });
});
