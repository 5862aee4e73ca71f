/** Ports of the loopback interface. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** Takes a port until released. */
export async function takePort(): Promise<{ readonly port: number; release(): Promise<void> }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async release() {
      server.close();
      await once(server, 'close');
    },
  };
}
