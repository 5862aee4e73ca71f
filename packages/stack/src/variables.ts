/**
 * Every variable of `.env`, as data: what `.env.example`, the `.env` that a first start makes, the Dokploy template's
 * generated secrets and the doctors are made from. Names are the original stack's; each stands with its service.
 */
import type { EnvVariable } from '@peakstone/database';
import { matches } from './checks/check.ts';
import { isSigningKey } from './checks/secrets.ts';
import { services } from './services/index.ts';
import { imageVariable, key, type Variable, variableGroups } from './variable.ts';

/** Of the stack as a whole, or of several of its services. */
const shared: readonly Variable[] = [
  {
    name: 'JWT_SECRET',
    group: 'REST and GraphQL',
    comment: '32 bytes as hex; signs and verifies every role’s token.',
    generate: key,
    checks: [isSigningKey],
  },
  {
    name: 'PROXY_NETWORK',
    group: 'Deployment',
    comment: 'External network that Traefik is on.',
    value: 'dokploy-network',
    checks: [
      matches(
        /^[a-zA-Z0-9][\w.-]*$/,
        'it is no network’s name',
        'give the one that docker network ls shows, such as dokploy-network',
      ),
    ],
    dokploy: false,
  },
  imageVariable('PEAKSTONE_IMAGE'),
  imageVariable('CADDY_IMAGE'),
];

/** By group; within one, the shared ones, then those of services that people open, then the others'. */
export const variables: readonly Variable[] = variableGroups.flatMap(group =>
  [
    ...shared,
    ...services.filter(({ domain }) => domain).flatMap(service => service.variables),
    ...services.filter(({ domain }) => !domain).flatMap(service => service.variables),
  ].filter(variable => variable.group === group),
);

const byName = new Map(variables.map(variable => [variable.name, variable]));

export function findVariable(name: string): Variable | undefined {
  return byName.get(name);
}

/** The variables without which one of these services cannot start. */
export function variablesRequiredBy(names: readonly string[]): Variable[] {
  const required = new Set(
    services.filter(({ name }) => names.includes(name)).flatMap(({ requires }) => requires),
  );
  return variables.filter(({ name }) => required.has(name));
}

/** The variables of these services, and those of the stack as a whole. */
export function variablesOf(names: readonly string[]): Variable[] {
  return [
    ...shared,
    ...services.filter(({ name }) => names.includes(name)).flatMap(service => service.variables),
  ];
}

/** The `.env` that the first start and `peakstone deploy env` make, and later starts complete. */
export const localVariables: readonly EnvVariable[] = variables.flatMap(
  ({ local, checks: _checks, dokploy: _dokploy, ...variable }) =>
    variable.optional && !local ? [] : [{ ...variable, ...local }],
);
