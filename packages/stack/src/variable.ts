import type { EnvVariable } from '@peakstone/database';

/**
 * One variable of `.env`. `value` and `comment` are a deployment's, as `.env.example` has them; `optional` ones have a
 * default in the rendered files. `generate` also says the least length of a secret that is not weak.
 */
export interface Variable extends EnvVariable {
  readonly group: VariableGroup;
  /** What a secret must be like; a password unless said. */
  readonly secret?: SecretShape;
  /** What the Dokploy template sets where that is not `value`; false where it sets nothing. */
  readonly dokploy?: string | false;
  /**
   * What is different in the `.env` that the first start makes: it must run here as it is. An `optional` variable is
   * mentioned there only when it has this.
   */
  readonly local?: Partial<Pick<EnvVariable, 'value' | 'comment' | 'optional'>>;
}

/**
 * `password`: goes into URLs. `signingKey`: 32 characters at least, of any kind. `exactHex`: as many bytes as `generate`
 * says, in hex. `accessKey`: a name more than a secret; the object store wants three characters.
 */
export type SecretShape = 'password' | 'signingKey' | 'exactHex' | 'accessKey';

/** Headings of `.env`, in its order. */
export const variableGroups = [
  'PostgreSQL',
  'Database roles of the services',
  'REST and GraphQL',
  'Pooler',
  'Object storage',
  'Images',
  'Database admin (pgAdmin)',
  'Logging',
  'Public hosts',
  'Migrations',
  'Deployment',
  'Local addresses (docker-compose.local.yml)',
  'Images (pinned in docker-compose.yml; set to use another)',
] as const;

export type VariableGroup = (typeof variableGroups)[number];

/** 32 characters. */
export const password = { kind: 'urlSafe', bytes: 24 } as const;
/** 64 hex digits. */
export const key = { kind: 'hex', bytes: 32 } as const;

/** Where `docker-compose.local.yml` publishes a service's port. */
export function publishVariable(name: string, value: string): Variable {
  return { name, group: 'Local addresses (docker-compose.local.yml)', value, optional: true };
}

/** Names another image than the pinned one. `local`: mentioned in the first start's `.env` as well. */
export function imageVariable(name: string, local = false): Variable {
  const group = 'Images (pinned in docker-compose.yml; set to use another)';
  return { name, group, optional: true, ...(local ? { local: {} } : {}) };
}
