/**
 * What is wrong with an `.env` before it is deployed: what is missing, what the checks beside each variable find, secrets used
 * twice, and what the file itself gets wrong. Pure; no value of a secret is in a problem.
 */
import type { EnvProblem, Values } from '../checks/check.ts';
import { refuseWellKnown } from '../checks/secrets.ts';
import type { Stack } from '../definition.ts';
import { isExampleHost } from '../exampleHost.ts';
import type { Variable } from '../variable.ts';
import { variables, variablesOf, variablesRequiredBy } from '../variables.ts';
import { checkEnvText } from './envText.ts';

/**
 * Findings, errors first.
 * @param values of `.env` under the process environment
 * @param text `.env` itself, where there is one
 */
export function checkEnvironment(stack: Stack, values: Values, text = ''): EnvProblem[] {
  const ours = stack.services
    .filter(({ engine }) => engine !== 'external')
    .map(({ definition }) => definition.name);
  const required = variablesRequiredBy(ours);
  const used = new Set([...required, ...variablesOf(ours)]);
  const problems = [
    ...required.flatMap(variable => checkPresence(variable, values)),
    ...[...used].flatMap(variable => checkValue(variable, stack, values)),
    ...checkReuse(values),
    ...checkExampleHosts(values),
    ...checkEnvText(text, variables),
  ];
  return problems.sort((a, b) => Number(a.level === 'warning') - Number(b.level === 'warning'));
}

function checkPresence({ name, generate, value }: Variable, values: Values): EnvProblem[] {
  if (values[name]?.trim()) return [];
  if (generate || !value) {
    const hint = generate ? 'generate it: peakstone deploy env' : 'set it in .env, as in .env.example';
    return [{ level: 'error', name, message: 'it has no value', hint }];
  }
  // The rendered files have a default, which is not what an empty line looks like.
  return values[name] === undefined
    ? []
    : [
        {
          level: 'warning',
          name,
          message: `it is empty, so that it is ${value}`,
          hint: 'give it a value, or take the line out',
        },
      ];
}

function checkValue({ name, generate, checks = [] }: Variable, stack: Stack, values: Values): EnvProblem[] {
  const value = values[name]?.trim();
  if (!value) return [];
  const first = generate && refuseWellKnown(value);
  for (const check of checks) {
    const complaint = first ?? check(value, { name, values, stack });
    if (complaint) return [{ ...complaint, name }];
  }
  return [];
}

function checkReuse(values: Values): EnvProblem[] {
  const secrets = variables.filter(variable => variable.generate && values[variable.name]?.trim());
  const seen = new Map<string, string>();
  const problems: EnvProblem[] = [];
  for (const { name } of secrets) {
    const value = values[name]!.trim();
    const first = seen.get(value);
    if (first)
      problems.push({
        level: 'error',
        name,
        message: `it is the same as ${first}`,
        hint: 'every role and service has its own: peakstone secrets rotate NAME',
      });
    else seen.set(value, name);
  }
  return problems;
}

/** One line for all of them: a fresh `.env` has each. */
function checkExampleHosts(values: Values): EnvProblem[] {
  const examples = variables
    .map(({ name }) => name)
    .filter(name => name.startsWith('DOMAIN_') && isExampleHost(values[name]?.trim() ?? ''));
  if (examples.length === 0) return [];
  return [
    {
      level: 'warning',
      name: 'DOMAIN_*',
      message: 'hosts are still an example’s, for which nobody gets a certificate',
      hint: `give your own in ${examples.join(', ')}; leave empty what shall not be reached from outside`,
    },
  ];
}
