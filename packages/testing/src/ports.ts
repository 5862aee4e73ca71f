/** Ports for what must listen on a number known beforehand, or come back on the same one. */
import { createServer, type Server } from 'node:net';

/** Below the ports that systems hand out by themselves (Linux: from 32768), so that no connection ever sits on one. */
const FIRST = 20_000;
const LAST = 32_000;
/** Ports to a block; the last one is what claims the others. */
const BLOCK = 10;

/**
 * A port from which on `count` are this process's own until it ends. Where nothing forces a number, listen on port 0
 * instead.
 *
 * A port that was merely found free may be another process's by the time that it is used. Here the claim is a listener
 * of this process on the last port of the block: the system gives it to one process alone, and takes it back whatever
 * becomes of that process.
 */
export async function reservePorts(count = 1): Promise<number> {
  if (count >= BLOCK) throw new RangeError(`at most ${BLOCK - 1} ports at once`);
  const blocks = (LAST - FIRST) / BLOCK;
  const offset = Math.floor(Math.random() * blocks);
  for (let n = 0; n < blocks; n++) {
    const base = FIRST + ((offset + n) % blocks) * BLOCK;
    const claim = await listen(base + BLOCK - 1, '127.0.0.1');
    if (claim === undefined) continue;
    if (await areFree(base, count)) return base;
    claim.close();
  }
  throw new Error(`no free block of ports between ${FIRST} and ${LAST}`);
}

/** Whether no program, such as a server of this machine, has any of them, on whichever address. */
async function areFree(base: number, count: number): Promise<boolean> {
  for (let port = base; port < base + count; port++) {
    const probe = await listen(port, undefined);
    if (probe === undefined) return false;
    await new Promise(resolve => probe.close(resolve));
  }
  return true;
}

/** Undefined when the port is taken. Without a host: on every address. */
function listen(port: number, host: string | undefined): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer(socket => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen({ port, host, exclusive: true }, () => resolve(server.unref()));
  });
}
