/** What follows from the memory that the database may use: its buffers, how many may connect, and who gets how many of those. */
import { findService, type Stack } from '../../definition.ts';

export interface DatabaseSize {
  readonly maxConnections: number;
  /** Of each role that goes through the pooler. */
  readonly poolerConnections: number;
  /** Megabytes of `/dev/shm`, through which parallel queries share rows; in Docker's 64 they fail. */
  readonly sharedMemoryMb: number;
  /** Of one session, beside what all share: what would need more fails alone, before the kernel ends the whole server. */
  readonly sessionMemoryMb: number;
  /** PostgreSQL's settings, in its own names and units. */
  readonly settings: Readonly<Record<string, string>>;
}

/** What is reckoned with where nothing is known, as of a server that is not the stack's. */
const usualMemoryMb = 1024;
/** A connection's own memory, and a part of what its queries take. */
const mbPerConnection = 10;

/** Pure. */
export function sizeDatabase(stack: Stack): DatabaseSize {
  const postgres = findService(stack, 'postgres');
  const memoryMb = (postgres?.engine !== 'external' && postgres?.limits.memoryMb) || usualMemoryMb;
  const maxConnections = clamp(Math.floor(memoryMb / mbPerConnection / 10) * 10, 40, 500);
  const sharedBuffersMb = Math.floor(memoryMb / 4);
  return {
    maxConnections,
    // Two roles; with the REST service's that leaves a third for migrations, people and what replaces what.
    poolerConnections: Math.floor(maxConnections / 5),
    sharedMemoryMb: clamp(sharedBuffersMb, 64, 1024),
    sessionMemoryMb: Math.max(256, Math.floor(memoryMb / 4)),
    settings: {
      max_connections: String(maxConnections),
      shared_buffers: `${sharedBuffersMb}MB`,
      effective_cache_size: `${Math.floor((memoryMb * 3) / 4)}MB`,
      work_mem: `${clamp(Math.floor((memoryMb - sharedBuffersMb) / (maxConnections * 2)), 4, 64)}MB`,
      maintenance_work_mem: `${clamp(Math.floor(memoryMb / 16), 32, 1024)}MB`,
    },
  };
}

/** How many connections the stack's own server takes; null where the server is somebody else's. Pure. */
export function mostConnections(stack: Stack): number | null {
  const isOthers = findService(stack, 'postgres')?.engine === 'external';
  return isOthers ? null : sizeDatabase(stack).maxConnections;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
