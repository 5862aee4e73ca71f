/** Whether a policy says yes, says no, or says nothing. Pure. */
import { holds } from './conditions.ts';
import { matchesPattern } from './match.ts';
import type { AccessRequest, ConditionValues, Policy, Principals, Selection, Statement } from './types.ts';
import { asSubject, expand } from './variables.ts';

export type Verdict = 'allow' | 'deny' | 'none';

/** Names under which a caller may be called a principal; empty for nobody known. */
export type PrincipalNames = readonly string[];

/**
 * @param principal of the caller, for policies that name principals; undefined for a user's own
 */
export function evaluate(policy: Policy, request: AccessRequest, principal?: PrincipalNames): Verdict {
  let verdict: Verdict = 'none';
  for (const statement of policy.statements) {
    if (verdict === 'allow' && statement.effect === 'Allow') continue;
    if (!applies(statement, request, principal)) continue;
    if (statement.effect === 'Deny') return 'deny';
    verdict = 'allow';
  }
  return verdict;
}

/** Over several: a denial wins. */
export function evaluateAll(policies: readonly Policy[], request: AccessRequest): Verdict {
  let verdict: Verdict = 'none';
  for (const policy of policies) {
    const each = evaluate(policy, request);
    if (each === 'deny') return 'deny';
    if (each === 'allow') verdict = 'allow';
  }
  return verdict;
}

function applies(
  statement: Statement,
  request: AccessRequest,
  principal: PrincipalNames | undefined,
): boolean {
  if (principal !== undefined && !isPrincipal(statement.principals, principal)) return false;
  if (!selectsAction(statement.actions, request.action)) return false;
  if (statement.resources !== undefined && !selects(statement.resources, request.resource, request.values))
    return false;
  return statement.conditions.every(condition => holds(condition, request.values));
}

function isPrincipal(principals: Principals | undefined, names: PrincipalNames): boolean {
  if (principals === undefined) return false;
  const isNamed =
    principals.everyone || principals.aws.some(each => names.some(name => matchesPattern(name, each)));
  return isNamed !== principals.negated;
}

function selectsAction(actions: Selection | undefined, action: string): boolean {
  if (actions === undefined) return false;
  const lower = action.toLowerCase();
  return actions.patterns.some(pattern => matchesPattern(lower, pattern.toLowerCase())) !== actions.negated;
}

function selects({ patterns, negated }: Selection, resource: string, values: ConditionValues): boolean {
  const isNamed = patterns.some(pattern => {
    const expanded = expand(pattern, values);
    return expanded !== undefined && matchesPattern(asSubject(resource, expanded), expanded);
  });
  return isNamed !== negated;
}
