/**
 * How a running stack is, as another version of the stack may say it: whoever asks is often newer, as a clone was brought up
 * to date while the stack ran. What that one does not know yet is what it was before it was known.
 */
import { stackVersion } from '../definition.ts';
import { StackError } from '../project/errors.ts';
import type { ServiceStatus, StackStatus } from './status.ts';

/** What was asked for, and whether it is another version that answered. */
export interface StatusReply extends StackStatus {
  readonly isOtherVersion: boolean;
}

/** All but what the first version said: a service's name and state, the stack's process and services. */
const stackDefaults: Omit<StackStatus, 'pid' | 'services' | 'healthy' | 'data'> = {
  version: '',
  startedAt: new Date(0).toISOString(),
  moved: false,
  elsewhere: {},
  off: [],
  migrations: null,
  droppedLogLines: 0,
};

const serviceDefaults: Omit<ServiceStatus, 'name' | 'title' | 'state'> = {
  engine: 'peakstone',
  reason: null,
  elsewhere: false,
  url: null,
  adminUrl: null,
  port: null,
  pid: null,
  restarts: 0,
  restartsOnRequest: 0,
  outdatedSecrets: [],
  healthySince: null,
};

/** Pure. @throws {StackError} `control` where it is no status at all */
export function readStatusReply(reply: unknown): StatusReply {
  const found = (reply ?? {}) as Partial<StackStatus>;
  const { pid, services, data = '' } = found;
  if (typeof pid !== 'number' || !Array.isArray(services) || !services.every(isService))
    throw new StackError(
      'control',
      'The stack that runs says how it is in a way that this version does not know.',
      {
        hint: 'It is of another version: peakstone down, then peakstone up',
      },
    );
  const said: readonly object[] = [found, ...services];
  return {
    ...stackDefaults,
    ...found,
    ...{ pid, data },
    healthy: found.healthy ?? services.every(({ state }) => state === 'healthy'),
    services: services.map(each => ({ ...serviceDefaults, ...each, title: each.title ?? each.name })),
    isOtherVersion:
      found.version !== stackVersion ||
      said.some((part, index) => lacks(part, index === 0 ? stackDefaults : serviceDefaults)),
  };
}

function isService(value: unknown): value is ServiceStatus {
  const { name, state } = (value ?? {}) as Partial<ServiceStatus>;
  return typeof name === 'string' && typeof state === 'string';
}

/** Between releases, a clone's version is told by what it says. */
function lacks(said: object, known: object): boolean {
  return Object.keys(known).some(name => !(name in said));
}
