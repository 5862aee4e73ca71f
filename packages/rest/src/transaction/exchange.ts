/** Running an exchange for a request: cancelled with its client, told to the log. */
import type { HttpResponse } from '@peakstone/kernel/http';
import type { Exchange, Result } from '@peakstone/kernel/pg';
import type { RestCall } from '../context.ts';
import { toRestError } from '../errors.ts';

/** The client went away under a read, which was stopped; nobody will see the answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** Runs an exchange. One that only reads, on a connection of its own, is cancelled when its client goes away. */
export async function runExchange(
  exchange: Exchange,
  writes: boolean,
  call: RestCall,
): Promise<readonly Result[]> {
  const { pool, request } = call;
  if (writes || exchange.lane !== 'own') return pool.exchange(exchange);
  const gone = new AbortController();
  request.onAborted(() => gone.abort(new ClientGone('The client closed the connection')));
  return pool.exchange({ ...exchange, signal: gone.signal });
}

/** Tells the statements of an exchange and the status they led to, when `log-query` asks for it. */
export async function withQueryLog(
  exchange: Exchange,
  call: RestCall,
  respond: () => Promise<HttpResponse>,
): Promise<HttpResponse> {
  if (!call.config.logQuery) return respond();
  const statements = exchange.statements.map(each => each.text);
  try {
    const response = await respond();
    call.emit({ kind: 'query', statements, status: response.status });
    return response;
  } catch (error) {
    const { status } = toRestError(error, !call.identity.isAnonymous);
    call.emit({ kind: 'query', statements, status });
    throw error;
  }
}
