import type { Duplex } from 'node:stream';

/** How long a peer may take to close its side, once ours is closed. */
export const LINGER_MS = 1000;

/**
 * Sends a connection's last bytes and sees to its end. What the peer still sends is thrown away meanwhile: closed under
 * unread bytes, a connection is reset, and the peer would lose the answer.
 */
export function sendLast(socket: Duplex, bytes: string | Buffer): void {
  if (socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const cut = setTimeout(() => socket.destroy(), LINGER_MS);
  cut.unref();
  socket.once('close', () => clearTimeout(cut));
  socket.on('error', () => {
    // The peer left before the answer; 'close' follows.
  });
  socket.resume();
  socket.end(bytes);
}
