/** Why there is no connection: what passes when the server is well again, or what only another configuration would mend. */
import { ConnectionError, PgError } from '@peakstone/kernel/pg';
import type { Health } from '@peakstone/kernel/service';

/** SQLSTATE classes of a server that lost the connection, has none left, or is starting or shutting down. */
const passing = ['08', '53', '57'];

/** What the server said, wherever it stands in the chain of causes: the pool wraps a refused connection. */
export function refusalOf(error: unknown): PgError | null {
  let cause = error;
  for (let depth = 0; cause instanceof ConnectionError && depth < 5; depth++) cause = cause.cause;
  return cause instanceof PgError ? cause : null;
}

/** Ill health for that cause, told apart by whose fault it is. Pure. */
export function illness(reason: string, cause: unknown): Health {
  return isServersOwn(cause) ? { ok: false, reason, elsewhere: true } : { ok: false, reason };
}

/** Whether the server is away or full, so that its clients can only wait; a login that it refuses is the client's fault. Pure. */
function isServersOwn(error: unknown): boolean {
  const refusal = refusalOf(error);
  return refusal === null ? error instanceof ConnectionError : passing.includes(refusal.code.slice(0, 2));
}
