import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { describe, it } from 'node:test';
import type { Listener } from '@peakstone/kernel/http';
import { reservePorts } from '@peakstone/testing';
import { HeldPort } from '../src/run/heldPort.ts';

/** Listens on it in this process, which closes it with the server: what another process would have is a copy. */
async function serveOnce(listener: Listener): Promise<void> {
  const server = createServer(socket => socket.end());
  await once(server.listen(listener), 'listening');
}

/** How a connection to it ended: the code of its error, '' where it was accepted and closed in order. */
function codeOf(port: number): Promise<string> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1').resume();
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.once('close', () => resolve(''));
  });
}

describe('a held port', () => {
  it('is the same one for every life of the service', async () => {
    const held = new HeldPort('127.0.0.1', await reservePorts());
    assert.equal(await held.hold(), await held.hold());
    held.release();
  });

  it('is given back when the service does not come again in time, however often its start was tried', async () => {
    const port = await reservePorts();
    const held = new HeldPort('127.0.0.1', port, 1);
    await serveOnce((await held.hold())!);
    held.expect();
    await held.hold();
    held.expect();
    // Who connects before that waits, and is told by the end.
    while ((await codeOf(port)) !== 'ECONNREFUSED');
    // And it can be had again.
    assert.ok(await held.hold());
    held.release();
  });

  it('that another has is refused as the service itself would be', async () => {
    const other = createServer();
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const { port } = other.address() as { port: number };
    await assert.rejects(new HeldPort('127.0.0.1', port).hold(), {
      code: 'EADDRINUSE',
      message: `listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
    });
    other.close();
  });

  it('of a name is that of its address', async () => {
    const held = new HeldPort('localhost', await reservePorts());
    assert.ok(await held.hold());
    held.release();
  });
});
