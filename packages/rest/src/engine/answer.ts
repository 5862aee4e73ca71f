/** From a compiled request to its response: run, check, respond. */
import type { HttpResponse } from '@peakstone/kernel/http';
import { streamRead } from '../beyond/stream.ts';
import type { Compiled } from '../compile.ts';
import type { RestCall } from '../context.ts';
import type { ApiRequest } from '../parse/request.ts';
import { runExchange, withQueryLog } from '../transaction/exchange.ts';
import type { ShortStatements } from '../transaction/shortStatements.ts';
import { prettyVersion } from '../version.ts';
import { planAnswer } from './planAnswer.ts';
import type { ServerTiming } from './serverTiming.ts';

/** Runs the statements and makes the response from what they gave. */
export async function answerCompiled(
  compiled: Compiled,
  api: ApiRequest,
  call: RestCall,
  shortStatements: ShortStatements,
  timing: ServerTiming,
): Promise<HttpResponse> {
  if (compiled.kind === 'read' && compiled.stream) return streamRead(compiled, api, call, timing);
  const planned = planAnswer(compiled, api, call, shortStatements.has);
  const { transaction, writes, text } = planned;
  return withQueryLog(transaction, call, async () => {
    const startedAt = performance.now();
    const results = await runExchange(transaction, writes, call);
    const durationMs = performance.now() - startedAt;
    if (planned.mayFollow) shortStatements.note(text, durationMs);
    timing.lap('transaction');
    return planned.respond(results);
  });
}

const LEGACY =
  'Embedded resource was referenced by relation name even though it has an alias. This is deprecated and will stop working in a future release.';

/** Warns of embeds that were addressed by name although they have an alias. */
export function withLegacyWarning(
  response: HttpResponse,
  { plan }: Compiled,
  api: ApiRequest,
  call: RestCall,
): HttpResponse {
  const { legacyTargets: replacements } = plan;
  if (replacements.length === 0) return response;
  call.emit({ kind: 'legacyTargetNames', replacements, method: api.method, target: call.request.target });
  const hint = replacements.map(([name, alias]) => `\`${name}\` to \`${alias}\``).join(', ');
  const text = `${LEGACY} Update ${hint} in query string filters, orders or limits.`;
  const value = `299 PostgRESTv${prettyVersion.replaceAll(' ', '')} "${text}"`;
  return { ...response, headers: [...response.headers, 'Warning', Buffer.from(value).toString('latin1')] };
}
