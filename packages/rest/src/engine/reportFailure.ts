/** Which failures the log must hear of. */
import type { RestError } from '../errors.ts';
import type { Emit } from '../events.ts';

/**
 * Tells of what the database or a defect has caused; a refusal of ours needs no line of its own, and the pool tells of
 * time-outs itself. `refusal` is what `toRestError` made of `error`.
 */
export function reportFailure(refusal: RestError, error: unknown, emit: Emit): void {
  if (refusal.status < 500 || refusal === error || refusal.code === 'PGRST003') return;
  emit(refusal.code === 'PGRSTX00' ? { kind: 'serverFault', error } : { kind: 'queryFailed', error });
}
