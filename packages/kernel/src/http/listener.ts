/**
 * A TCP port that outlives the processes that serve it: one process binds it, hands it to another over the channel between
 * them, and that one listens. As long as the first has it open, the system goes on taking connections, and whoever connects
 * while nobody serves waits in the queue instead of being refused.
 */
import type { SendHandle } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import net from 'node:net';
import { getSystemErrorMap } from 'node:util';

/** Opaque: for a channel (`child.send(message, listener)`) and for {@link ServeOptions.listener}. */
export type Listener = SendHandle & { close(): void };

interface BoundHandle {
  close(): void;
  getsockname(out: { port?: number }): number;
}

/** What `cluster` binds its workers' ports with: exported by Node, though in no documentation and no types. */
type CreateServerHandle = (address: string, port: number, family: number) => BoundHandle | number;
const createServerHandle = (net as unknown as { _createServerHandle?: CreateServerHandle })
  ._createServerHandle;

/**
 * Binds the port, without listening.
 * @returns null where this Node can't.
 * @throws the listen error (`EADDRINUSE` …)
 */
export async function openListener(host: string, port: number): Promise<Listener | null> {
  if (createServerHandle === undefined) return null;
  const { address, family } = await lookup(host);
  const bound = createServerHandle(address, port, family);
  if (typeof bound === 'number') throw listenError(bound, host, port);
  // That another has the port is told no sooner than when one listens, or asks where the handle is.
  const failure = bound.getsockname({});
  if (failure !== 0) {
    bound.close();
    throw listenError(failure, host, port);
  }
  return bound as unknown as Listener;
}

function listenError(errno: number, host: string, port: number): Error {
  const [code, words] = getSystemErrorMap().get(errno) ?? [`errno ${errno}`, 'unknown'];
  return Object.assign(new Error(`listen ${code}: ${words} ${host}:${port}`), {
    code,
    errno,
    syscall: 'listen',
    address: host,
    port,
  });
}
