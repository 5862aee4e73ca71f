import { tryPort } from '@peakstone/kernel/ports';
import { StackError } from '../project/errors.ts';

/** A port that a service would like to have. */
export interface PortWish {
  readonly service: string;
  readonly port: number;
  /** The operator named it, so another one would be wrong. Says where: `POSTGRES_PORT in .env`. */
  readonly setBy?: string;
  readonly host: string;
}

export interface PortPlan {
  readonly ports: Readonly<Record<string, number>>;
  /** One for each service that got another port than its usual one. */
  readonly notices: readonly { readonly service: string; readonly wanted: number; readonly port: number }[];
}

/** How many ports after the usual one are tried. */
const attempts = 100;

/**
 * Finds a free port for each wish: the wished one, or the next free one unless the operator named it.
 * @throws {StackError} when a named port is taken, or none of the next hundred is free.
 */
export async function allocatePorts(wishes: readonly PortWish[], isFree = portIsFree): Promise<PortPlan> {
  const ports: Record<string, number> = {};
  const notices: PortPlan['notices'][number][] = [];
  // Named ports first, so that a fallback never takes one of them.
  const taken = new Set(wishes.filter(wish => wish.setBy).map(wish => wish.port));
  for (const wish of wishes) {
    if (!wish.setBy) continue;
    if (!(await isFree(wish.port, wish.host))) {
      throw new StackError(
        'portTaken',
        `Port ${wish.port} for ${wish.service} is in use by another process.`,
        {
          hint: `It was set by ${wish.setBy}. Stop what listens there, or choose another port.`,
        },
      );
    }
    ports[wish.service] = wish.port;
  }
  for (const wish of wishes) {
    if (wish.setBy) continue;
    let port = wish.port;
    while (
      port < wish.port + attempts &&
      port <= 65_535 &&
      (taken.has(port) || !(await isFree(port, wish.host)))
    )
      port++;
    if (port >= wish.port + attempts || port > 65_535) {
      throw new StackError(
        'portTaken',
        `No port from ${wish.port} to ${port - 1} is free for ${wish.service}.`,
        {
          hint: 'Choose a range with --port-base.',
        },
      );
    }
    taken.add(port);
    ports[wish.service] = port;
    if (port !== wish.port) notices.push({ service: wish.service, wanted: wish.port, port });
  }
  return { ports, notices };
}

/** Whether one could listen on it now. Looks at loopback too, where another program on `0.0.0.0` would still hide ours. */
export async function portIsFree(port: number, host: string): Promise<boolean> {
  const hosts = new Set([host, '127.0.0.1']);
  for (const address of hosts) if (!(await canListen(port, address))) return false;
  return true;
}

async function canListen(port: number, host: string): Promise<boolean> {
  try {
    return (await tryPort(port, host)) !== undefined;
  } catch (error) {
    throw new StackError('address', `Cannot listen on ${host}: ${(error as Error).message}.`, {
      hint: 'Check --host, or GATEWAY_HOST.',
      cause: error,
    });
  }
}
