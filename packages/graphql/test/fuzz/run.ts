import { seededRandom } from '@peakstone/testing';
import type { GraphqlServer } from '../support/server.ts';
import { introspect } from './introspected.ts';
import { type MadeUp, Operations } from './operations.ts';

export interface FuzzReport {
  readonly operations: number;
  /** How many gave data. */
  readonly answered: number;
  readonly codes: ReadonlyMap<string, number>;
  /** What must not have happened, with the operation. */
  readonly findings: readonly string[];
}

const roles = ['user', 'both', 'admin'] as const;

/** What the reference's schema offers and PostgreSQL has not: the reference answers in the same way. */
const honest = [
  /function (min|max)\(uuid\) does not exist/,
  /operator does not exist: text\[\] /,
  /cannot affect row a second time/,
];

/**
 * Sends made-up operations by every role, `width` at a time. A finding is an answer that is none, one that says it is the
 * server's fault, and a canary in an answer for whoever may not see it.
 */
export async function fuzz(
  server: GraphqlServer,
  {
    seed,
    count,
    width = 4,
    onProgress,
  }: { seed: number; count: number; width?: number; onProgress?: (done: number) => void },
): Promise<FuzzReport> {
  const random = seededRandom(seed);
  const makers = new Map<string, Operations>();
  for (const role of roles) makers.set(role, new Operations(await introspect(server, role), random));
  const codes = new Map<string, number>();
  const findings: string[] = [];
  let sent = 0;
  let answered = 0;
  const work = async () => {
    while (sent < count && findings.length < 20) {
      const role = roles[sent++ % roles.length]!;
      const operation = makers.get(role)!.next();
      const found = (problem: string) => findings.push(`${role}: ${problem}\n${show(operation)}`);
      try {
        const { status, body, text } = await server.post('/v1/graphql', operation, {
          'x-hasura-role': role,
          'x-hasura-user-id': 'ann',
        });
        const errors = (body as { errors?: { extensions: { code: string } }[] }).errors ?? [];
        if (errors.length === 0) answered++;
        for (const { extensions } of errors)
          codes.set(extensions.code, (codes.get(extensions.code) ?? 0) + 1);
        if (status !== 200) found(`answered ${status}: ${text.slice(0, 1500)}`);
        else if (
          errors.some(({ extensions: { code } }) => code === 'unexpected' || code === 'internal-error') &&
          !honest.some(pattern => pattern.test(text))
        )
          found(`the server's fault: ${text.slice(0, 1500)}`);
        else if (role !== 'admin' && text.replace(/"arguments":\[.*?\]/, '').includes('canary-'))
          found(`told a canary: ${text.slice(0, 1500)}`);
      } catch (error) {
        found(`threw ${error instanceof Error ? error.stack : error}`);
      }
      if (sent % 10_000 === 0) onProgress?.(sent);
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  return { operations: sent, answered, codes, findings };
}

function show({ query, variables }: MadeUp): string {
  return `${query}\n${JSON.stringify(variables)}`;
}
