import { tryPort } from '@peakstone/kernel/ports';
import { DatabaseError, systemCode } from '../errors.ts';

/** The port to serve on. `fixed`: exactly this one, or not at all. 0: any free one. */
export interface PortChoice {
  readonly port: number;
  readonly fixed: boolean;
}

/** How far from the wanted port a free one is looked for. */
const tries = 100;

/**
 * The wanted port, or when it is not fixed and taken, the next free one.
 * @throws {DatabaseError} PORT_IN_USE; BAD_SETTING for an address that this machine does not have
 */
export async function choosePort(
  choice: PortChoice,
  address: string,
  notice: (text: string) => void,
): Promise<number> {
  const last = choice.fixed || choice.port === 0 ? choice.port : Math.min(choice.port + tries, 65_535);
  for (let port = choice.port; port <= last; port++) {
    const free = await tryPort(port, address).catch(error => {
      throw explainAddress(error, address);
    });
    if (free === undefined) continue;
    if (choice.port !== 0 && port !== choice.port)
      notice(`Port ${choice.port} is taken: PostgreSQL listens on ${port}.`);
    return free;
  }
  throw new DatabaseError(
    'PORT_IN_USE',
    choice.fixed ? `Port ${choice.port} is taken.` : `Ports ${choice.port} to ${last} are taken.`,
    'Stop what listens there (ss -ltnp shows it), or choose another port (POSTGRES_PORT).',
  );
}

function explainAddress(error: unknown, address: string): unknown {
  if (!['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENOTFOUND', 'EAI_AGAIN'].includes(systemCode(error) ?? ''))
    return error;
  return new DatabaseError(
    'BAD_SETTING',
    `DATABASE_LISTEN names ${address}, which is no address of this machine.`,
    "Name one that 'ip addr' shows, localhost, or * for all of them.",
    error,
  );
}
