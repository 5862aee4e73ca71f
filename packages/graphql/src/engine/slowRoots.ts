/** Roots that take long to write, such as introspection: in slices, for one request of a role at a time. */
import { runPaced } from '@peakstone/kernel/pace';
import type { Budget } from '../introspect/jsonParts.ts';
import type { ExecutablePlan, PlannedRoot } from './types.ts';

/** The plan with everything written, as it is remembered. @throws {HasuraError} for more than `maxBytes` */
export async function writeSlowRoots(plan: ExecutablePlan, maxBytes: number): Promise<ExecutablePlan> {
  const budget: Budget = { maxBytes, bytes: 0, objects: 0 };
  const roots: PlannedRoot[] = [];
  for (const { alias, from } of plan.roots)
    roots.push({
      alias,
      from: from.kind === 'slow' ? { kind: 'written', parts: await runPaced(from.write(budget)) } : from,
    });
  return { ...plan, roots };
}

export function hasSlowRoots({ roots }: ExecutablePlan): boolean {
  return roots.some(({ from }) => from.kind === 'slow');
}
