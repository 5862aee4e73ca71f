/**
 * What is wrong with an `.env` before it is deployed: missing and weak secrets, keys of the wrong length, hosts and images, and
 * what each service's own checks find. Pure; no value of a secret is in a finding.
 */
import type { Stack } from '../definition.ts';
import { isExampleHost } from '../exampleHost.ts';
import { findRow } from '../services/index.ts';
import type { Finding, Values } from '../services/service.ts';
import type { Variable } from '../variable.ts';
import { variables, variablesRequiredBy } from '../variables.ts';

/** Findings, errors first. */
export function checkEnvironment(stack: Stack, values: Values): Finding[] {
  const ours = stack.services.filter(({ engine }) => engine !== 'external');
  const used = variablesRequiredBy(ours.map(({ definition }) => definition.name));
  const findings = [
    ...used.flatMap(variable => checkVariable(variable, values)),
    ...checkReuse(values),
    ...stack.services.flatMap(({ definition }) => findRow(definition.name)?.checks?.(stack, values) ?? []),
    ...checkHosts(values),
    ...checkImages(values),
  ];
  return findings.sort((a, b) => Number(a.level === 'warning') - Number(b.level === 'warning'));
}

const generate = 'generate it: peakstone deploy env';
/** `deploy env` keeps what is there, weak or not. */
const replace = 'take its line out of .env, then generate a new one: peakstone deploy env';

/** Values that stand in examples, which everyone knows. */
const wellKnown =
  /^(?:supersecret|minioadminsecret|pgadminsecret|hasura-admin-secret|psappsecret|change-?(?:me|this).*|replace-?(?:me|with).*|secret|password|admin|minioadmin|postgres|changeit|test|example|0001020304.*)$/i;

function checkVariable(variable: Variable, values: Values): Finding[] {
  const { name } = variable;
  const value = values[name]?.trim() ?? '';
  const error = (message: string, hint: string): Finding[] => [{ level: 'error', name, message, hint }];
  if (value === '') {
    // The rendered files have a default for what is no secret.
    return variable.generate || !variable.value
      ? error('it has no value', variable.generate ? generate : `set it in .env, as in .env.example`)
      : [];
  }
  if (!variable.generate) return [];
  if (wellKnown.test(value))
    return error('its value is the one of an example, which everyone knows', replace);
  if (variable.secret === 'exactHex') return checkHex(name, value, variable.generate.bytes);
  if (variable.secret === 'accessKey')
    return value.length < 3 ? error('it is shorter than 3 characters, which the store refuses', replace) : [];
  if (variable.secret === 'signingKey') {
    if (value.length < 32)
      return error(`it has ${value.length} characters; HS256 needs 32 at least`, replace);
    return isMonotonous(value) ? error('it repeats itself', replace) : [];
  }
  if (value.length < 16)
    return error(`it has ${value.length} characters; 24 to 32 random ones are wanted`, replace);
  if (isMonotonous(value)) return error('it repeats itself', replace);
  if (/[^!-~]|[@:/?#[\]%$'"\\]/.test(value)) {
    return [
      {
        level: 'error',
        name,
        message: 'it holds a character that breaks connection URLs or interpolation',
        hint: `use letters, digits, - and _: ${replace}`,
      },
    ];
  }
  return value.length < 24
    ? [
        {
          level: 'warning',
          name,
          message: `it has ${value.length} characters; 24 to 32 are wanted`,
          hint: replace,
        },
      ]
    : [];
}

function checkHex(name: string, value: string, bytes: number): Finding[] {
  if (/^[0-9a-f]+$/i.test(value) && value.length === bytes * 2) return [];
  const found = /^[0-9a-f]*$/i.test(value) ? `${value.length} hex digits` : 'characters that are not hex';
  return [
    {
      level: 'error',
      name,
      message: `it has ${found}; ${bytes} bytes are ${bytes * 2} hex digits`,
      hint: `generate it: openssl rand -hex ${bytes}`,
    },
  ];
}

/** Fewer than 8 different characters in a long secret is a keyboard, not a generator. */
function isMonotonous(value: string): boolean {
  return new Set(value).size < 8;
}

function checkReuse(values: Values): Finding[] {
  const secrets = variables.filter(variable => variable.generate && values[variable.name]?.trim());
  const seen = new Map<string, string>();
  const findings: Finding[] = [];
  for (const { name } of secrets) {
    const value = values[name]!.trim();
    const first = seen.get(value);
    if (first)
      findings.push({
        level: 'error',
        name,
        message: `it is the same as ${first}`,
        hint: 'every role and service has its own: peakstone secrets rotate NAME',
      });
    else seen.set(value, name);
  }
  return findings;
}

/** A host goes into routes, certificates and CORS as it stands. */
function checkHosts(values: Values): Finding[] {
  const hosts = variables.flatMap(({ name }) => {
    const value = name.startsWith('DOMAIN_') ? values[name]?.trim() : undefined;
    return value ? [{ name, value }] : [];
  });
  const findings = hosts
    .filter(({ value }) => !/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i.test(value))
    .map(
      ({ name, value }): Finding => ({
        level: 'error',
        name,
        message: `'${value}' is not a host name`,
        hint: 'give the host alone, such as api.example.com',
      }),
    );
  const examples = hosts.filter(({ value }) => isExampleHost(value)).map(({ name }) => name);
  if (examples.length > 0) {
    findings.push({
      level: 'warning',
      name: 'DOMAIN_*',
      message: 'hosts are still an example’s, for which nobody gets a certificate',
      hint: `give your own in ${examples.join(', ')}; leave empty what shall not be reached from outside`,
    });
  }
  return findings;
}

function checkImages(values: Values): Finding[] {
  return Object.entries(values).flatMap(([name, value]): Finding[] => {
    if (!name.endsWith('_IMAGE') || !value?.trim()) return [];
    if (/^(?:docker\.io\/)?minio\/(?:minio|mc)[:@]?/.test(value)) {
      return [
        {
          level: 'error',
          name,
          message: 'this repository was deleted in September 2026',
          hint: `leave ${name} out, or use quay.io/minio`,
        },
      ];
    }
    if (/:latest$/.test(value) || !/[:@]/.test(value.split('/').at(-1) ?? '')) {
      return [
        {
          level: 'warning',
          name,
          message: 'its tag moves, so that two servers may run different versions',
          hint: 'pin a version or a digest',
        },
      ];
    }
    return [];
  });
}
