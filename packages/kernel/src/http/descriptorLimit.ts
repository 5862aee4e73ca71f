import { readFileSync } from 'node:fs';

/** How many descriptors this process may have open; infinite where the system sets no limit or doesn't tell. */
export function descriptorLimit(): number {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
  } catch {
    // No such file on this system.
    return Number.POSITIVE_INFINITY;
  }
}
