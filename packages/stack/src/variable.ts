import type { EnvVariable } from '@peakstone/database';
import { isHost, isHostOfItsOwn, isLocalAddress } from './checks/addresses.ts';
import type { ValueCheck } from './checks/check.ts';
import { isPinnedImage } from './checks/places.ts';
import { isPassword } from './checks/secrets.ts';

/**
 * One variable of `.env`. `value` and `comment` are a deployment's, as `.env.example` has them; `optional` ones have a
 * default in the rendered files.
 */
export interface Variable extends EnvVariable {
  readonly group: VariableGroup;
  /** What a value must be like before it is deployed; the first that complains is told. */
  readonly checks?: readonly ValueCheck[];
  /** Whether an empty value says something: any other variable that is empty is one that is not set. */
  readonly emptyCounts?: true;
  /** What the Dokploy template sets where that is not `value`; false where it sets nothing. */
  readonly dokploy?: string | false;
  /**
   * What is different in the `.env` that the first start makes: it must run here as it is. An `optional` variable is
   * mentioned there only when it has this.
   */
  readonly local?: Partial<Pick<EnvVariable, 'value' | 'comment' | 'optional'>>;
}

/** Headings of `.env`, in its order. */
export const variableGroups = [
  'PostgreSQL',
  'Database roles of the services',
  'REST and GraphQL',
  'REST and gateway, further settings: packages/rest and packages/gateway explain them',
  'Pooler',
  'Object storage',
  'Backups',
  'Images',
  'Console',
  'Database admin (pgAdmin)',
  'Logging',
  'Public hosts',
  'Migrations',
  'Deployment',
  'Local addresses (docker-compose.local.yml)',
  'Images (pinned in docker-compose.yml; set to use another)',
] as const;

export type VariableGroup = (typeof variableGroups)[number];

/** 64 hex digits. */
export const key = { kind: 'hex', bytes: 32 } as const;

/** A password of 32 characters. */
export function passwordVariable(name: string, group: VariableGroup): Variable {
  return { name, group, generate: { kind: 'urlSafe', bytes: 24 }, checks: [isPassword] };
}

/** What a service reads besides, under the names that its own documentation explains; empty counts as not set. */
export function furtherSettings(names: readonly string[], ...checks: readonly ValueCheck[]): Variable[] {
  const group = 'REST and gateway, further settings: packages/rest and packages/gateway explain them';
  return names.map(name => ({ name, group, optional: true, checks }));
}

/** The public host of a service. */
export function hostVariable(name: string, comment: string, value: string): Variable {
  return { name, group: 'Public hosts', comment, value, checks: [isHost, isHostOfItsOwn] };
}

/**
 * Where `docker-compose.local.yml` publishes a service's port.
 * @param inside what must not be reached from outside, where it is that
 */
export function publishVariable(name: string, value: string, inside?: string): Variable {
  const group = 'Local addresses (docker-compose.local.yml)';
  return { name, group, value, optional: true, checks: [isLocalAddress(inside)] };
}

/** Names another image than the pinned one. `local`: mentioned in the first start's `.env` as well. */
export function imageVariable(name: string, local = false, ...checks: readonly ValueCheck[]): Variable {
  const group = 'Images (pinned in docker-compose.yml; set to use another)';
  return { name, group, optional: true, checks: [...checks, isPinnedImage], ...(local ? { local: {} } : {}) };
}
