/** A reporter of node:test that hands what happens in a test file to the runner: one JSON line an event, in a file. */
import { appendFileSync } from 'node:fs';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

/** Names the file of events to a test file's process. */
export const EVENTS_VARIABLE = 'PEAKSTONE_TEST_EVENTS';

/** Of tests, not of suites: those fail because of what is in them, which has been told already. */
export type FileEvent =
  | { readonly kind: 'begun' | 'ended' | 'passed'; readonly name: string }
  | { readonly kind: 'skipped'; readonly name: string; readonly reason: string }
  | { readonly kind: 'failed'; readonly name: string; readonly line: number; readonly why: string };

/** Yields nothing: standard output is the test file's. Writes at once, so that nothing is lost when the process is killed. */
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const file = process.env[EVENTS_VARIABLE];
  if (file === undefined) throw new Error(`${EVENTS_VARIABLE} is not set`);
  for await (const event of source) {
    const told = translate(event);
    if (told !== undefined) appendFileSync(file, `${JSON.stringify(told)}\n`);
  }
  yield '';
}

function translate(event: TestEvent): FileEvent | undefined {
  switch (event.type) {
    case 'test:dequeue':
      return { kind: 'begun', name: event.data.name };
    case 'test:complete':
      return { kind: 'ended', name: event.data.name };
    case 'test:pass': {
      const { name, skip, details } = event.data;
      if (details.type === 'suite') return undefined;
      if (skip === undefined) return { kind: 'passed', name };
      return { kind: 'skipped', name, reason: typeof skip === 'string' ? skip : '' };
    }
    case 'test:fail': {
      const { name, line = 1, details } = event.data;
      const { error } = details;
      if ('failureType' in error && error.failureType === 'subtestsFailed') return undefined;
      return { kind: 'failed', name, line, why: describe(error) };
    }
    default:
      return undefined;
  }
}

function describe(error: Error): string {
  const { cause } = error;
  if (cause instanceof Error) return cause.stack?.includes(cause.message) ? cause.stack : inspect(cause);
  return typeof cause === 'string' ? cause : error.message;
}
