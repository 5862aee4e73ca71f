import { TLSSocket } from 'node:tls';
import { ConnectionError } from '../errors.ts';
import type { Conninfo } from './conninfo.ts';
import { cancelRequest } from './frontend.ts';
import type { Session } from './session.ts';
import { negotiateTls, openSocket } from './socket.ts';

const timeoutMs = 5_000;

/**
 * Asks the server to cancel what the session is running; resolves when the server has signalled the session's process (it
 * closes the socket then). Encrypted when the session is.
 * @throws {ConnectionError} when the server cannot be reached, or does not close the socket in time.
 */
export async function cancelSession(session: Session, info: Conninfo): Promise<void> {
  const plain = await openSocket(session.address, timeoutMs);
  let socket: typeof plain = plain;
  try {
    if (session.socket instanceof TLSSocket) {
      socket = (await negotiateTls(plain, session.address, info, timeoutMs)) ?? plain;
    }
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new ConnectionError('The server does not say whether it has taken a cancel request')),
        timeoutMs,
      );
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      // A reset after the request means the same as a close: the postmaster's child is gone.
      socket.on('error', done).on('close', done).resume();
      socket.write(cancelRequest(session.pid, session.secret));
    });
  } finally {
    socket.destroy();
    plain.destroy();
  }
}
