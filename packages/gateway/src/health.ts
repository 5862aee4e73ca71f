import type { Health } from '@peakstone/kernel/service';
import type { Listed, Route } from './routes.ts';

export interface ServiceHealth {
  readonly service: Listed;
  readonly health: Health;
}

/** How long one look may take, and how long it serves: `/healthz` asked often must not become load. */
const PROBE_MS = 1000;
const FRESH_MS = 1000;

/** Looks after several services at once; at most one look is under way. */
export function createHealthCheck(
  services: readonly (Listed | Route)[],
  now: () => number = Date.now,
): () => Promise<readonly ServiceHealth[]> {
  let last: readonly ServiceHealth[] = [];
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<readonly ServiceHealth[]> | null = null;
  return () => {
    if (now() - lookedAt < FRESH_MS) return Promise.resolve(last);
    looking ??= Promise.all(services.map(async service => ({ service, health: await look(service) }))).then(
      result => {
        last = result;
        lookedAt = now();
        looking = null;
        return result;
      },
    );
    return looking;
  };
}

async function look(service: Listed | Route): Promise<Health> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Health>(resolve => {
    timer = setTimeout(() => resolve({ ok: false, reason: 'no answer within 1 s' }), PROBE_MS);
  });
  try {
    return await Promise.race([service.health?.() ?? probe(service), late]);
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** A URL is healthy when it answers with anything but a server error; a handler in this process when it is there. */
async function probe(service: Listed | Route): Promise<Health> {
  if (!('target' in service) || typeof service.target === 'function') return { ok: true };
  const { target } = service;
  if (typeof target === 'object')
    return target.current() ? { ok: true } : { ok: false, reason: 'not running' };
  try {
    const response = await fetch(target, { signal: AbortSignal.timeout(PROBE_MS), redirect: 'manual' });
    await response.body?.cancel();
    return response.status < 500 ? { ok: true } : { ok: false, reason: `answers ${response.status}` };
  } catch {
    return { ok: false, reason: 'can not be reached' };
  }
}
