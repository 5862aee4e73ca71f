import type { Agent } from 'node:http';
import type { Socket } from 'node:net';
import { Agent as HttpAgent, https } from '../builtin.ts';

function unasked(this: Socket): void {
  this.destroy();
}

/**
 * Connections to an upstream, kept for the next request. One that says something between two requests is closed: its words
 * would be taken for the next answer, and every later one for its predecessor's.
 */
export function createAgent(secure: boolean, maxSockets: number): Agent {
  const options = { keepAlive: true, maxSockets, maxFreeSockets: 32, scheduling: 'lifo' } as const;
  const agent = secure ? new (https().Agent)(options) : new HttpAgent(options);
  const keep = agent.keepSocketAlive.bind(agent) as unknown as (socket: Socket) => boolean;
  const reuse = agent.reuseSocket.bind(agent);
  agent.keepSocketAlive = ((socket: Socket) => {
    if (socket.readableLength > 0 || !keep(socket)) return false;
    socket.on('data', unasked);
    return true;
  }) as unknown as Agent['keepSocketAlive'];
  agent.reuseSocket = (socket, request) => {
    socket.off('data', unasked);
    reuse(socket, request);
  };
  return agent;
}
