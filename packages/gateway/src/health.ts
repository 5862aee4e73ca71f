import { lookAt } from '@peakstone/kernel/health';
import { type Health, settleWithin } from '@peakstone/kernel/service';
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
  const looking = (async () => (await service.health?.()) ?? (await lookThrough(service)))();
  const outcome = await settleWithin(looking, PROBE_MS);
  if (outcome.kind === 'done') return outcome.value;
  return { ok: false, reason: outcome.kind === 'late' ? 'no answer within 1 s' : outcome.error.message };
}

/** By what requests reach it: a handler in this process is well when it is there. */
async function lookThrough(service: Listed | Route): Promise<Health> {
  if (!('target' in service) || typeof service.target === 'function') return { ok: true };
  const { target } = service;
  if (typeof target === 'object')
    return target.current() ? { ok: true } : { ok: false, reason: 'not running' };
  return await lookAt(target, PROBE_MS);
}
