/** Runs cases: set-ups, steps, comparisons. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, ask, post } from './ask.ts';
import type { Case, CaseFile, SetUp, Step } from './cases.ts';
import { difference, orderDifference } from './compare.ts';
import { checkEvent } from './events.ts';
import type { Served } from './serve.ts';
import { SocketClient } from './sockets.ts';
import type { EventSink } from './stubs/events.ts';
import type { TokenMaker } from './tokens.ts';

export interface Outcome {
  readonly case: Case;
  /** What differs; null when all was as expected. */
  readonly failure: string | null;
}

export async function runGroup(
  cases: readonly Case[],
  served: Served,
  docs: CaseFile['docs'],
  tokens: TokenMaker | null,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const first = cases[0]!;
  const run: Run = { served, docs, sockets: new Map() };
  try {
    const setUpFailure = await setUpAll(
      first.setup.filter(({ scope }) => scope === 'class'),
      run,
    );
    for (const each of cases) {
      const failure = setUpFailure ?? (await runCase(bearing(each, tokens), run));
      outcomes.push({ case: each, failure });
    }
    return outcomes;
  } finally {
    for (const socket of run.sockets.values()) socket.close();
  }
}

/** What the cases of a class share. */
interface Run {
  readonly served: Served;
  readonly docs: CaseFile['docs'];
  /** By what the cases call the client. */
  readonly sockets: Map<string, SocketClient>;
}

/** The case with its token, which stands as `{{stub}}` in the recording. */
function bearing(each: Case, tokens: TokenMaker | null): Case {
  if (!tokens) return each;
  const steps = each.steps.map(step => {
    const given = Object.entries(step.headers ?? {});
    const kept = given.filter(([, value]) => !String(value).includes('{{stub}}'));
    if (kept.length === given.length) return step;
    return { ...step, headers: { ...Object.fromEntries(kept), ...tokens.header(each) } };
  });
  return { ...each, steps };
}

/** As they ran, where the recording says so: what was made last goes first. */
function inOrder(setUps: readonly SetUp[]): readonly SetUp[] {
  const last = Number.MAX_SAFE_INTEGER;
  return setUps.toSorted((a, b) => (a.n ?? last) - (b.n ?? last));
}

async function setUpAll(setUps: readonly SetUp[], run: Run): Promise<string | null> {
  const { served, docs } = run;
  for (const each of setUps) {
    if (each.sql !== undefined) {
      await served.owner(each.source ?? 'default').script(each.sql);
      continue;
    }
    if (each.ws !== undefined) {
      const failure = await runSocketStep({ ...each, n: -1 }, run, new Map());
      if (failure) return `set-up: ${failure}`;
      continue;
    }
    if (each.op === 'add_source') {
      const answer = await post(served, '/v1/metadata', {
        type: 'pg_add_source',
        args: {
          name: each.name,
          configuration: {
            connection_info: { database_url: { from_env: `${(each.name ?? '').toUpperCase()}_URL` } },
            ...(each.read_only && {}),
          },
          ...(each.customization !== undefined &&
            each.customization !== null && { customization: each.customization }),
        },
      });
      if (answer.status !== 200) return `set-up: ${answer.text.slice(0, 400)}`;
      continue;
    }
    if (!each.url) continue;
    const query = each.doc === undefined ? each.query : docs[each.doc];
    if (query === undefined || query === null) continue;
    const answer = await post(served, each.url, query, each.headers);
    // The recording takes down what this run may not have put up.
    const { code } = (answer.body ?? {}) as { readonly code?: string };
    const isGone = code === 'not-found' || code === 'not-exists';
    if (answer.status !== 200 && !isGone) return `set-up ${each.doc ?? ''}: ${brief(answer)}`;
  }
  return null;
}

/** What was refused, without the statement that it stands in. */
function brief({ body, text }: Answer): string {
  const { error, path, internal } = (body ?? {}) as Record<string, unknown>;
  if (error === undefined) return text.slice(0, 600);
  const message =
    (internal as { readonly error?: { readonly message?: string } } | undefined)?.error?.message ?? '';
  return `${String(path)}: ${String(error)} ${message}`;
}

async function runCase(each: Case, run: Run): Promise<string | null> {
  const setUpFailure = await setUpAll(
    each.setup.filter(({ scope }) => scope === 'test'),
    run,
  );
  if (setUpFailure) return setUpFailure;
  const answers = new Map<number, Answer>();
  const pending = new Map<string, Pending>();
  let failure: string | null = null;
  for (const step of each.steps) {
    // A live query is to see what was before, and what each step brings about.
    if (pending.size > 0) await sleep(settleMs);
    failure = await runStep(step, run, answers, pending);
    if (failure) {
      failure = `step ${step.n}: ${failure}`;
      break;
    }
  }
  for (const check of pending.values()) failure ??= await check();
  const left = await setUpAll(inOrder(each.teardown.filter(({ scope }) => scope === 'test')), run);
  if (left && !failure) failure = `tear-down: ${left}`;
  return failure;
}

/** What a live query is to bring while the steps after it run: looked at when it is ended, or all have run. */
type Pending = () => Promise<string | null>;

async function runStep(
  raw: Step,
  run: Run,
  answers: Map<number, Answer>,
  pending: Map<string, Pending>,
): Promise<string | null> {
  const { served, docs } = run;
  const step = fill(raw, answers) as Step;
  if (step.sql !== undefined) return await runSqlStep(step, served);
  if (step.ws !== undefined) return await runSocketStep(step, run, pending);
  if (step.event !== undefined) return await checkEvent(step, sinkOf(served));
  if (step.webhook !== undefined) {
    sinkOf(served, step.webhook).unblock();
    const request = await sinkOf(served, step.webhook).next(webhookTimeoutMs);
    if (!request) return 'a request expected, none came';
    return expectationFailure(step, { event: request } as unknown as Answer);
  }
  if (!step.url) return null;
  if (step.url.includes('{{')) return `its address is not known: ${step.url}`;
  const query = step.doc === undefined ? step.query : docs[step.doc];
  if (step.transport === 'websocket') return await runOverSocket(step, query, run);
  const answer = await ask(served, step, query);
  const failure = answerFailure(step, answer, query);
  answers.set(step.n, answer);
  if (failure === null || !isPolled(step, query)) return failure;
  // The original asks again until what runs beside has come so far.
  for (let left = polls; left > 0; left--) {
    await sleep(pollMs);
    const next = await ask(served, step, query);
    answers.set(step.n, next);
    if (answerFailure(step, next, query) === null) return null;
  }
  return failure;
}

/** Longer than live queries take to see a change. */
const settleMs = 1500;
const webhookTimeoutMs = 120_000;
const polls = 100;
const pollMs = 200;

/** Whether what is asked about changes without being asked: events and their logs, asynchronous actions. */
function isPolled(step: Step, query: unknown): boolean {
  const text = JSON.stringify(query) ?? '';
  return step.expect !== undefined
    ? /hdb_catalog\.|get_scheduled_events|get_event_/.test(text)
    : /^query \(?.*\$action_id|\$action_id/.test((query as { readonly query?: string } | null)?.query ?? '');
}

function sinkOf({ stubs }: Served, variable?: string): EventSink {
  const sink = variable === undefined ? [...stubs.sinks.values()][0] : stubs.sinks.get(variable);
  if (!sink) throw new Error(`no webhook is there: ${variable ?? ''}`);
  return sink;
}

async function runSqlStep({ sql, source, expect = [] }: Step, served: Served): Promise<string | null> {
  const results = await served.owner(source ?? 'default').script(sql!);
  for (const { value } of expect) {
    // Rows as the original's driver gives them.
    const row = (results.at(-1)?.rows[0] ?? []).map(cell => {
      const text = cell?.toString() ?? null;
      return text === 't' ? true : text === 'f' ? false : text;
    });
    const found = difference(value, row);
    if (found) return found;
  }
  return null;
}

async function runSocketStep(step: Step, run: Run, pending: Map<string, Pending>): Promise<string | null> {
  const ended = step.ws === 'stop' ? step.id : (step.frame as { readonly id?: string } | undefined)?.id;
  const failure = await pending.get(ended ?? '')?.();
  if (failure) return failure;
  pending.delete(ended ?? '');
  const name = step.client ?? '';
  const path = /v1alpha1/.test(name)
    ? '/v1alpha1/graphql'
    : /relay/.test(name)
      ? '/v1beta1/relay'
      : '/v1/graphql';
  let socket = run.sockets.get(name);
  if (!socket) {
    const { url, adminSecret } = run.served;
    socket = new SocketClient(
      `${url.replace('http', 'ws')}${path}`,
      name.includes('transport') ? 'graphql-transport-ws' : 'graphql-ws',
      adminSecret,
    );
    run.sockets.set(name, socket);
  }
  let result: Readonly<Record<string, unknown>> | null;
  try {
    result = await socket.run(step);
  } catch (error) {
    return (error as Error).message;
  }
  if (result === null) return null;
  if (!(result.events instanceof Promise)) return expectationFailure(step, result as unknown as Answer);
  const { events } = result;
  const check = async (): Promise<string | null> =>
    expectationFailure(step, (await events) as unknown as Answer);
  if (!result.isLive) return await check();
  pending.set(String(result.id), check);
  return null;
}

/** A YAML case by the legacy protocol: the first frame is the answer. */
async function runOverSocket(step: Step, query: unknown, { served }: Run): Promise<string | null> {
  const socket = new SocketClient(
    `${served.url.replace('http', 'ws')}${step.url}`,
    'graphql-ws',
    served.adminSecret,
  );
  try {
    await socket.run({ n: -1, ws: 'init', headers: step.headers ?? {} });
    const result = await socket.run({
      n: -1,
      ws: 'query',
      query,
      expect: [{ path: ['event0', 'payload'], op: 'eq', value: null }],
    });
    const { event0 } = (await result!.events) as { readonly event0: { readonly payload?: unknown } | null };
    const body = event0?.payload;
    return difference(step.response, body) ?? orderDifference(step.response, body, query);
  } finally {
    socket.close();
  }
}

function answerFailure(step: Step, answer: Answer, query: unknown): string | null {
  const { status } = step;
  if (status !== undefined && status !== null && answer.status !== status)
    return `status ${status} expected, ${answer.status} given: ${answer.text.slice(0, 700)}`;
  for (const [name, value] of Object.entries(step.resp_headers ?? {}))
    if (answer.headers.get(name) !== value)
      return `header ${name}: ${value} expected, ${answer.headers.get(name)} given`;
  const expected = step.response;
  if (step.allowed_responses) {
    const all = step.allowed_responses.map(({ response }) => difference(response, answer.body));
    if (!all.includes(null)) return all.join('; ');
  } else if (expected !== undefined) {
    const found = difference(expected, answer.body) ?? orderDifference(expected, answer.body, query);
    if (found) return found;
  }
  return expectationFailure(step, answer);
}

function expectationFailure(step: Step, answer: Answer): string | null {
  for (const { path, op, value } of step.expect ?? []) {
    const found = lookUpAll(path, answer);
    const isAsExpected = (actual: unknown): boolean =>
      op === 'has' ? has(actual, value) : difference(value, actual) === null;
    if ((op === 'eq' || op === 'has') && !found.some(isAsExpected))
      return `${path.join('.')}: ${JSON.stringify(value)} expected, ${JSON.stringify(found)?.slice(0, 300)} given`;
  }
  return null;
}

/** Every value at a path, in which `*` stands for each element. */
function lookUpAll(path: readonly string[], answer: Answer): unknown[] {
  const star = path.indexOf('*');
  if (star < 0) return [lookUp(path, answer)];
  const list = lookUp(path.slice(0, star), answer);
  if (!Array.isArray(list)) return [];
  return list.flatMap((_each, i) =>
    lookUpAll([...path.slice(0, star), String(i), ...path.slice(star + 1)], answer),
  );
}

function lookUp(path: readonly string[], answer: Answer): unknown {
  let value: unknown = answer;
  for (const step of path) {
    if (step === '#body') value = answer.body;
    else if (step === '#text') value = answer.text;
    else if (step === '#headers') value = answer.headers;
    else if (value instanceof Headers) value = value.get(step) ?? undefined;
    else value = (value as Record<string, unknown> | null | undefined)?.[step];
  }
  return value ?? null;
}

function has(container: unknown, value: unknown): boolean {
  if (container instanceof Headers) return container.has(String(value));
  if (typeof container === 'string') return container.includes(String(value));
  if (Array.isArray(container)) return container.some(each => difference(value, each) === null);
  return container !== null && typeof container === 'object' && String(value) in container;
}

/** `{{step3.#body.data.x}}` is a value of an earlier answer. */
function fill(value: unknown, answers: ReadonlyMap<number, Answer>): unknown {
  if (typeof value === 'string') {
    const whole = /^\{\{step(\d+)\.([^}]*)\}\}$/.exec(value);
    const answer = whole && answers.get(Number(whole[1]));
    return answer ? (lookUpAll(whole[2]!.split('.'), answer)[0] ?? null) : value;
  }
  if (Array.isArray(value)) return value.map(each => fill(each, answers));
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, fill(each, answers)]));
  return value;
}
