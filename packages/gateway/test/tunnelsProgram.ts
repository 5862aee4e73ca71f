/** A gateway with a service that takes every WebSocket, in a process that may open few files; says its port on standard output. */
import { textResponse } from '@peakstone/kernel/http';
import { gateway, readGatewayConfig } from '../src/index.ts';

const { port } = await gateway.start(
  readGatewayConfig({ GATEWAY_PORT: '0' }),
  {
    routes: [
      {
        name: 'live',
        title: 'Live',
        contract: 'none',
        paths: ['/live'],
        stripPrefix: true,
        target: async () => textResponse(200, 'answered'),
        onUpgrade(_request, socket) {
          socket.on('error', () => socket.destroy());
          socket.write(
            'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
          );
          socket.resume();
        },
        public: true,
        firstRequest: true,
      },
    ],
  },
  new AbortController().signal,
);
process.stdout.write(`${port}\n`);
