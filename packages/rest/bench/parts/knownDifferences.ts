/** Differences from PostgREST's answers that are meant, or its own faults, as the README lists them. */
import type { FuzzRequest } from '../../test/fuzz/request.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** Whether what differs is one of the README's differences. Pure. */
export function isKnownDifference({ target, headers }: FuzzRequest, ours: Answer, theirs: Answer): boolean {
  const [here, there] = [codeOf(ours), codeOf(theirs)];
  return (
    // Its own faults: text that is not UTF-8, names of no characters, tables of no columns, embeds that select nothing.
    theirs.body === 'Something went wrong' ||
    (theirs.status === 500 && there === '') ||
    there === '42601' ||
    /^\/empty/.test(target) ||
    (there === '42703' && /\(\)/.test(target)) ||
    // What a function's rows are ordered by need not be selected.
    (there === '42703' && target.startsWith('/rpc/')) ||
    // A zero byte, which it cuts a value off at.
    here === '22021' ||
    /%00|\0/.test(target) ||
    // Limits beyond any row, which it passes on.
    there === '22003' ||
    // UTF-8 in Content-Location.
    /[^\x00-\x7f]|%[89a-f]/i.test(target) ||
    // What json has no operator for.
    there === '42883' ||
    there === '42846' ||
    // The plan of another statement.
    /vnd\.pgrst\.plan/.test(headers.accept ?? '') ||
    // CSV with a quote that does not close.
    (headers['content-type'] === 'text/csv' && here === 'PGRST102') ||
    // Of several names that are as near the other may be suggested.
    (ours.status === theirs.status && ours.body !== '' && withoutHint(ours.body) === withoutHint(theirs.body))
  );
}

/** The error's code, which HEAD has too. Empty for none. */
const codeOf = ({ headers }: Answer): string =>
  /error=(\w+)/.exec(String(headers['proxy-status']))?.[1] ?? '';

const withoutHint = (body: string): string =>
  body.replace(/"hint":"Perhaps you meant [^"]*"|"hint":null/, '');
