/** From a compiled request to its response: run, check, respond. */
import type { HttpResponse } from '@peakstone/kernel/http';
import { isLarge, type ShortStatements } from '@peakstone/kernel/pg';
import type { Compiled } from '../compile.ts';
import type { RestCall } from '../context.ts';
import type { ApiRequest } from '../parse/request.ts';
import { withETag } from '../respond/etag.ts';
import { warnOfLegacyTargets } from '../respond/legacyTargets.ts';
import { runExchange, withQueryLog } from '../transaction/exchange.ts';
import { planAnswer } from './planAnswer.ts';
import { assertPrivilege } from './privileges.ts';
import type { ServerTiming } from './serverTiming.ts';
import { streamRead } from './stream.ts';

/** Runs the statements and makes the response from what they gave, with all that this kind of request adds to it. */
export async function answerCompiled(
  compiled: Compiled,
  api: ApiRequest,
  call: RestCall,
  shortStatements: ShortStatements,
  timing: ServerTiming,
): Promise<HttpResponse> {
  const response = await runCompiled(compiled, api, call, shortStatements, timing);
  const isTagged = call.config.beyond.etag && compiled.kind === 'read';
  const tagged = isTagged ? withETag(response, call.request.headers['if-none-match']) : response;
  return withLegacyWarning(tagged, compiled, call);
}

async function runCompiled(
  compiled: Compiled,
  api: ApiRequest,
  call: RestCall,
  shortStatements: ShortStatements,
  timing: ServerTiming,
): Promise<HttpResponse> {
  // Before PostgreSQL looks at what it needs much memory for.
  if (compiled.kind === 'read' && compiled.statements.some(isLarge))
    await assertPrivilege(compiled.table, 'SELECT', call);
  if (compiled.kind === 'read' && compiled.stream) return streamRead(compiled, api, call, timing);
  const planned = planAnswer(compiled, api, call, shortStatements.has);
  const { transaction, writes, text } = planned;
  return withQueryLog(transaction.exchange, call, async () => {
    const startedAt = performance.now();
    const results = await runExchange(transaction.exchange, writes, call);
    const durationMs = performance.now() - startedAt;
    if (planned.mayFollow) shortStatements.note(text, durationMs);
    timing.lap('transaction');
    return planned.respond(results);
  });
}

/** Warns the client and the log of embeds that were addressed by name although they have an alias. */
export function withLegacyWarning(
  response: HttpResponse,
  { plan: { legacyTargets } }: Compiled,
  call: RestCall,
): HttpResponse {
  if (legacyTargets.length === 0) return response;
  const { method, target } = call.request;
  call.emit({ kind: 'legacyTargetNames', replacements: legacyTargets, method, target });
  return warnOfLegacyTargets(response, legacyTargets);
}
