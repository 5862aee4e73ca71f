/** Runs cases: set-ups, steps, comparisons. */
import type { Case, CaseFile, SetUp, Step } from './cases.ts';
import { difference, orderDifference } from './compare.ts';
import type { Served } from './serve.ts';
import type { TokenMaker } from './tokens.ts';

export interface Outcome {
  readonly case: Case;
  /** What differs; null when all was as expected. */
  readonly failure: string | null;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: unknown;
}

export async function runGroup(
  cases: readonly Case[],
  served: Served,
  docs: CaseFile['docs'],
  tokens: TokenMaker | null,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const first = cases[0]!;
  const setUpFailure = await setUpAll(
    first.setup.filter(({ scope }) => scope === 'class'),
    served,
    docs,
  );
  for (const each of cases) {
    const failure = setUpFailure ?? (await runCase(bearing(each, tokens), served, docs));
    outcomes.push({ case: each, failure });
  }
  return outcomes;
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

async function setUpAll(
  setUps: readonly SetUp[],
  served: Served,
  docs: CaseFile['docs'],
): Promise<string | null> {
  for (const each of setUps) {
    if (each.sql !== undefined) {
      await served.owner('default').script(each.sql);
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
    if (answer.status !== 200) return `set-up ${each.doc ?? ''}: ${brief(answer)}`;
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

async function runCase(each: Case, served: Served, docs: CaseFile['docs']): Promise<string | null> {
  const setUpFailure = await setUpAll(
    each.setup.filter(({ scope }) => scope === 'test'),
    served,
    docs,
  );
  if (setUpFailure) return setUpFailure;
  const answers = new Map<number, Answer>();
  let failure: string | null = null;
  for (const step of each.steps) {
    failure = await runStep(step, served, docs, answers);
    if (failure) {
      failure = `step ${step.n}: ${failure}`;
      break;
    }
  }
  const left = await setUpAll(
    each.teardown.filter(({ scope }) => scope === 'test'),
    served,
    docs,
  );
  if (left && !failure) failure = `tear-down: ${left}`;
  return failure;
}

async function runStep(
  raw: Step,
  served: Served,
  docs: CaseFile['docs'],
  answers: Map<number, Answer>,
): Promise<string | null> {
  const step = fill(raw, answers) as Step;
  if (step.sql !== undefined) {
    const results = await served.owner('default').script(step.sql);
    void results;
    return null;
  }
  if (step.ws !== undefined || step.event !== undefined || step.webhook !== undefined)
    return `this step is of a kind that is not replayed: ${Object.keys(step).join()}`;
  if (!step.url) return null;
  if (step.url.includes('{{')) return `its address is not known: ${step.url}`;
  const query = step.doc === undefined ? step.query : docs[step.doc];
  const answer = await ask(served, step, query);
  answers.set(step.n, answer);
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

async function ask(served: Served, step: Step, query: unknown): Promise<Answer> {
  const method = step.method ?? 'POST';
  const headers: Record<string, string> = {};
  // A secret that the recording does not have stands as null; other requests by GET are sent as they are.
  for (const [name, value] of Object.entries(step.headers ?? {})) {
    if (value === '{{ADMIN_SECRET}}' || value === null) headers[name] = served.adminSecret ?? '';
    else headers[name] = String(value);
  }
  if (
    step.auth !== false &&
    method !== 'GET' &&
    served.adminSecret !== null &&
    !hasSecret(step.headers ?? {})
  )
    headers['X-Hasura-Admin-Secret'] = served.adminSecret;
  if (method === 'GET' || method === 'DELETE') return await request(served, step.url!, { method, headers });
  headers['content-type'] ??= 'application/json';
  const body =
    method === 'POST'
      ? JSON.stringify(query)
      : method === 'POSTJSON'
        ? JSON.stringify(step.body)
        : String(step.body ?? '');
  return await request(served, step.url!, { method: method === 'POSTJSON' ? 'POST' : method, headers, body });
}

function hasSecret(headers: Readonly<Record<string, string>>): boolean {
  return Object.keys(headers).some(name =>
    /^(?:x-hasura-admin-secret|x-hasura-access-key|authorization)$/i.test(name),
  );
}

async function post(
  served: Served,
  url: string,
  query: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return await request(served, url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(served.adminSecret !== null && { 'X-Hasura-Admin-Secret': served.adminSecret }),
      ...headers,
    },
    body: JSON.stringify(query),
  });
}

async function request(served: Served, target: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(served.url + target, { ...init, redirect: 'manual' });
  const text = await response.text();
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // No JSON, such as `OK`: compared as text.
  }
  return { status: response.status, headers: response.headers, text, body };
}
