import type { Catalog } from '@peakstone/kernel/catalog';
import type { Handler } from '@peakstone/kernel/http';
import { PgError } from '@peakstone/kernel/pg';
import { httpRequest, readText } from '../support/engine.ts';
import { generateRequest } from './grammar.ts';
import { createRandom, type Random } from './random.ts';
import type { FuzzRequest } from './request.ts';

export interface Finding {
  readonly request: FuzzRequest;
  readonly problem: string;
}

export interface FuzzReport {
  readonly requests: number;
  /** How many answers had each status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** How many answers had each error code. */
  readonly codes: ReadonlyMap<string, number>;
  readonly findings: readonly Finding[];
}

/**
 * Sends `count` generated requests to `handler`, `width` at a time.
 * A finding is a throw, an answer of 500, or an error that only broken SQL text can cause: input reached the statement
 * as something other than a value or a quoted name.
 */
export async function fuzz(
  handler: Handler,
  catalog: Catalog,
  {
    seed,
    count,
    width = 8,
    generate = generateRequest,
    onProgress,
  }: {
    seed: number;
    count: number;
    width?: number;
    generate?: (random: Random, catalog: Catalog) => FuzzRequest;
    onProgress?: (done: number) => void;
  },
): Promise<FuzzReport> {
  const random = createRandom(seed);
  const statuses = new Map<number, number>();
  const codes = new Map<string, number>();
  const findings: Finding[] = [];
  let sent = 0;
  const work = async () => {
    while (sent < count && findings.length < 50) {
      sent++;
      const request = generate(random, catalog);
      try {
        const response = await handler(httpRequest(request));
        const text = await readText(response.body).catch(brokenOff);
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
        const code = response.status >= 400 ? errorCode(text) : null;
        if (code) codes.set(code, (codes.get(code) ?? 0) + 1);
        const problem = judge(request, response.status, code, text);
        if (problem) findings.push({ request, problem });
      } catch (error) {
        findings.push({ request, problem: `threw ${error instanceof Error ? error.stack : error}` });
      }
      if (sent % 10_000 === 0) onProgress?.(sent);
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  return { requests: sent, statuses, codes, findings };
}

/** A streamed body may end in an error of the database's, which is judged as any other. */
function brokenOff(error: unknown): string {
  if (error instanceof PgError) return JSON.stringify({ code: error.code, message: error.message });
  throw error;
}

/** SQLSTATEs of statements that do not parse or name what the planner invented. Unknown, ambiguous and ungrouped columns are the client's. */
const BROKEN_SQL = new Set(['42601', '42P01', '42P02', '42P10', '42701', '42712', '08P01', '34000', '26000']);

/** Those of `BROKEN_SQL` that honest input can cause too, by their message. */
const HONEST = [
  /in tsquery/,
  /in tsvector/,
  /no escaped character/,
  /in jsonpath/,
  /no unique or exclusion constraint matching the ON CONFLICT/,
  // The same embed twice under one name.
  /table name .+ specified more than once/,
  // Refused here, before there is a statement: PostgreSQL would add where it stands.
  /"zero-length delimited identifier"/,
];

/** SQLSTATEs that the reference itself maps to 500: a limit exceeded, an object not in the needed state, one row written twice. */
const SERVER_STATE = /^5[45]|^21000$/;

/**
 * A cast stands in the statement as it came, as types may have several words (`double precision`); a word that is no type
 * is the client's, if that is where PostgreSQL stopped.
 */
function stopsInCast(target: string, text: string): boolean {
  const word = /syntax error at or near \\"(\w+)\\"/.exec(text)?.[1];
  return word !== undefined && new RegExp(`::(?:\\w|%20)*${word}(?!\\w)`).test(target);
}

function judge({ target }: FuzzRequest, status: number, code: string | null, text: string): string | null {
  if (code && SERVER_STATE.test(code)) return null;
  if (stopsInCast(target, text)) return null;
  if (status === 500) return `answered 500: ${text.slice(0, 500)}`;
  if (status >= 500 && status !== 503 && status !== 504) return `answered ${status}: ${text.slice(0, 500)}`;
  if (code && BROKEN_SQL.has(code) && !HONEST.some(pattern => pattern.test(text))) {
    return `made a broken statement: ${text.slice(0, 500)}`;
  }
  return null;
}

function errorCode(text: string): string | null {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string'
      ? body.code
      : null;
  } catch {
    return null; // Not every error has a JSON body: HEAD has none, and the judge looks at the status first.
  }
}
