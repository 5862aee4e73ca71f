/** What a webhook must have received. */
import type { Step } from './cases.ts';
import { difference } from './compare.ts';
import type { EventSink } from './stubs/events.ts';
import type { StubRequest } from './stubs/http.ts';

/** On a slow machine, too. */
const eventTimeoutMs = 30_000;

interface Expected {
  readonly headers?: Readonly<Record<string, string>>;
  readonly removedHeaders?: readonly string[];
  readonly webhook_path?: string;
  readonly session_variables?: unknown;
  readonly retry?: number;
  readonly get_timeout?: number;
}

/** Takes the next event; null when it is as expected. */
export async function checkEvent(step: Step, sink: EventSink): Promise<string | null> {
  const kw = (step.kw ?? {}) as Expected;
  const isNone = kw.get_timeout === 0;
  const request = await sink.next(isNone ? 0 : eventTimeoutMs);
  if (isNone) return request ? `no event expected, ${JSON.stringify(request.body)} came` : null;
  if (!request) return 'an event expected, none came';
  return step.event === 'transformed'
    ? (envelopeDifference(request, kw, '/') ?? difference(step.data, request.body, 'event'))
    : wholeDifference(step, request, kw);
}

function envelopeDifference({ path, headers }: StubRequest, kw: Expected, fallback: string): string | null {
  const wanted = kw.webhook_path ?? fallback;
  if (path !== wanted) return `event at ${wanted} expected, at ${path} given`;
  for (const [name, value] of Object.entries(kw.headers ?? {}))
    if (headers[name.toLowerCase()] !== value)
      return `header ${name}: ${value} expected, ${headers[name.toLowerCase()]} given`;
  const kept = (kw.removedHeaders ?? []).find(name => headers[name.toLowerCase()]);
  return kept === undefined ? null : `header ${kept} is there`;
}

function wholeDifference(step: Step, request: StubRequest, kw: Expected): string | null {
  const body = request.body as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  for (const member of ['created_at', 'event', 'id', 'table', 'trigger'])
    if (!(member in body)) return `event.${member} is missing`;
  return (
    envelopeDifference(request, kw, '/') ??
    difference(step.table, body.table, 'event.table') ??
    difference(step.trigger, body.trigger!.name, 'event.trigger.name') ??
    difference(step.op, body.event!.op, 'event.op') ??
    difference(step.data, body.event!.data, 'event.data') ??
    difference(
      kw.session_variables ?? { 'x-hasura-role': 'admin' },
      body.event!.session_variables,
      'event.session_variables',
    ) ??
    difference(kw.retry ?? 0, body.delivery_info!.current_retry, 'event.delivery_info.current_retry')
  );
}
