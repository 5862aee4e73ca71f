/** Whether a response is what a case expects. Pure. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Assertion, Expectation } from './cases.ts';

export interface Received {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

export interface MatchContext {
  readonly method: string;
  readonly fixtures: string;
}

/** What differs, one line each; empty when all is as expected. */
export function differences(received: Received, expect: Expectation, context: MatchContext): string[] {
  const found: string[] = [];
  const { body } = received;
  const isHead = context.method === 'HEAD';
  const shown = body.toString('utf8').slice(0, 300);
  if (expect.status !== undefined && expect.status !== received.status) {
    found.push(`status ${received.status}, not ${expect.status}: ${shown}`);
  }
  found.push(...headerDifferences(received, expect, context));
  if (expect.bodyText !== undefined && !isHead && !body.equals(Buffer.from(expect.bodyText))) {
    found.push(`body ${JSON.stringify(shown)}, not ${JSON.stringify(expect.bodyText.slice(0, 300))}`);
  }
  if (
    expect.bodyFile !== undefined &&
    !body.equals(readFileSync(path.join(context.fixtures, expect.bodyFile)))
  ) {
    found.push(`body differs from ${expect.bodyFile}`);
  }
  const json = parseJson(body);
  if ('bodyJson' in expect && !isHead) {
    if (!json) found.push(`body is no JSON: ${shown}`);
    else if (!sameJson(json.value, expect.bodyJson)) {
      found.push(`json ${shown}, not ${JSON.stringify(expect.bodyJson).slice(0, 400)}`);
    }
  }
  if (expect.isErrorFormat !== undefined && isErrorBody(json?.value) !== expect.isErrorFormat) {
    found.push(`is${expect.isErrorFormat ? ' not' : ''} an error body: ${shown}`);
  }
  for (const assertion of expect.asserts ?? []) {
    if (!assertion.advisory && !holds(assertion, json?.value, body)) {
      found.push(`not so: ${JSON.stringify(assertion).slice(0, 300)} in ${shown}`);
    }
  }
  return found;
}

function headerDifferences(received: Received, expect: Expectation, context: MatchContext): string[] {
  const found: string[] = [];
  const values = (name: string): string[] =>
    received.headers.filter(([each]) => each.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  const wanted = (name: string, test: (value: string) => boolean, what: string): void => {
    if (!values(name).some(test)) found.push(`header ${name} ${JSON.stringify(values(name))}, not ${what}`);
  };
  for (const [name, value] of expect.headers ?? []) {
    const pattern = new RegExp(`^(?:${escapeRegex(value).replaceAll('\\{\\{version\\}\\}', '.*')})$`);
    wanted(name, each => pattern.test(each), value);
  }
  for (const [name, part] of expect.headersContain ?? [])
    wanted(name, each => each.includes(part), `…${part}…`);
  for (const [name, source] of expect.headersRegex ?? []) {
    const pattern = new RegExp(
      source.replaceAll('*/*', '\\*/\\*').replaceAll('/*', '/\\*').replaceAll('\\\\*', '\\*'),
    );
    wanted(name, each => pattern.test(each), `/${source}/`);
  }
  for (const name of expect.headersAbsent ?? []) {
    // A test inside the reference's process sees no header that its HTTP server adds.
    const isServers = name.toLowerCase() === 'content-length';
    if (isServers && (context.method === 'HEAD' || received.status === 204 || received.status === 304))
      continue;
    if (values(name).length > 0) found.push(`header ${name} is there`);
  }
  for (const stage of expect.serverTiming ?? []) {
    wanted('server-timing', each => new RegExp(`${stage};dur=\\d+\\.\\d+`).test(each), `timing of ${stage}`);
  }
  if (expect.contentTypeIsJson) {
    wanted('content-type', each => /^application\/json(;\s*charset=utf-8)?$/i.test(each), 'JSON');
  }
  if (expect.checks?.includes('notZeroContentLength') && values('content-length').includes('0')) {
    found.push('Content-Length is 0');
  }
  return found;
}

const escapeRegex = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function parseJson(body: Buffer): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(body.toString('utf8')) as unknown };
  } catch {
    // Many bodies are no JSON; those who want it to be say so.
    return null;
  }
}

/** Equal values whatever the order of keys. */
function sameJson(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a, b);
}

const ERROR_KEYS = new Set(['message', 'details', 'hint', 'code']);

function isErrorBody(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !('message' in value))
    return false;
  return Object.keys(value).every(name => ERROR_KEYS.has(name));
}

function valueAt(value: unknown, steps: readonly (string | number)[]): { readonly value: unknown } | null {
  let at = value;
  for (const step of steps) {
    if (
      typeof step === 'number'
        ? !Array.isArray(at)
        : typeof at !== 'object' || at === null || Array.isArray(at)
    )
      return null;
    if (!Object.hasOwn(at as object, step)) return null;
    at = (at as Record<string | number, unknown>)[step];
  }
  return { value: at };
}

function holds(
  { subject, op, path: steps = [], value, arg }: Assertion,
  json: unknown,
  body: Buffer,
): boolean {
  if (subject === 'json') {
    if (typeof value === 'string' && value.includes('{{')) return true;
    const found = valueAt(json, steps);
    switch (op) {
      case 'eq':
        return found !== null && sameJson(found.value, value);
      case 'ne':
        return found === null || !sameJson(found.value, value);
      case 'present':
        return found !== null;
      default:
        return found === null;
    }
  }
  const text = body.toString('utf8');
  if (subject === 'planCost') {
    const cost = valueAt(json, [0, 'Plan', 'Total Cost'])?.value;
    return compare(typeof cost === 'number' ? cost : Number.POSITIVE_INFINITY, op, Number(value));
  }
  if (subject === 'bodyOccurrences') return compare(text.split(arg ?? '').length - 1, op, Number(value));
  switch (op) {
    case 'contains':
      return text.includes(String(value));
    case 'notContains':
      return !text.includes(String(value));
    default:
      return text.startsWith(String(value));
  }
}

function compare(left: number, op: string, right: number): boolean {
  switch (op) {
    case '<':
      return left < right;
    case '>':
      return left > right;
    case '<=':
      return left <= right;
    case '>=':
      return left >= right;
    default:
      return left === right;
  }
}
