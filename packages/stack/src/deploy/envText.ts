/** What `.env` gets wrong as a file: names that nothing reads, names set twice, secrets that are cut short. Pure. */
import { suggest } from '@peakstone/kernel/config';
import type { Finding } from '../checks/check.ts';
import type { Variable } from '../variable.ts';

/** Names of other projects' images, and of the original stack's files, with what stands for them here; undefined: nothing need. */
const elsewhere: Readonly<Record<string, string | undefined>> = {
  PGCAT_CONFIG_PATH: undefined,
  POSTGRES_PASSWORD: 'POSTGRES_SUPERPASS',
  POSTGRES_USER: 'POSTGRES_SUPERUSER',
  MINIO_ROOT_PASSWORD: 'MINIO_ROOT_PASS',
  HASURA_GRAPHQL_ADMIN_SECRET: 'HASURA_ADMIN_SECRET',
  HASURA_GRAPHQL_CORS_DOMAIN: 'HASURA_CORS',
  PGADMIN_DEFAULT_EMAIL: 'PGADMIN_EMAIL',
  PGADMIN_DEFAULT_PASSWORD: 'PGADMIN_PASSWORD',
  IMGPROXY_KEY: 'IMGPROXY_KEY_HEX',
  IMGPROXY_SALT: 'IMGPROXY_SALT_HEX',
  GF_SECURITY_ADMIN_USER: 'GRAFANA_ADMIN_USER',
  GF_SECURITY_ADMIN_PASSWORD: 'GRAFANA_ADMIN_PASSWORD',
};

/** Read by Compose itself, by this program, or by the run on this machine, which has the same file. */
const othersToo = /^(?:COMPOSE|DOCKER|DOKPLOY|PEAKSTONE|DATABASE|PGRST|GATEWAY|NODE)_/;

export function checkEnvText(text: string, variables: readonly Variable[]): Finding[] {
  const known = new Map(variables.map(variable => [variable.name, variable]));
  const seen = new Set<string>();
  return [...text.matchAll(/^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=(.*)$/gm)].flatMap(
    ([, name = '', value = '']): Finding[] => {
      const variable = known.get(name);
      const findings: Finding[] = [];
      if (seen.has(name))
        findings.push({
          level: 'warning',
          name,
          message: 'it is set more than once; the last one counts',
          hint: 'keep one line',
        });
      else if (!variable && !othersToo.test(name)) findings.push(unknown(name, [...known.keys()]));
      if (variable?.generate && /^[^']*\$[A-Za-z_{]/.test(value.trimStart().replace(/^'.*/, '')))
        findings.push({
          level: 'error',
          name,
          message: 'what follows its dollar sign is taken for a variable’s name, and lost',
          hint: "put the value into single quotes: NAME='…'",
        });
      seen.add(name);
      return findings;
    },
  );
}

function unknown(name: string, known: readonly string[]): Finding {
  const message = 'nothing reads it';
  if (name in elsewhere && elsewhere[name] === undefined)
    return {
      level: 'warning',
      name,
      message,
      hint: 'take the line out: that file is part of the deployment',
    };
  const near = elsewhere[name] ?? suggest(name.toUpperCase(), known);
  const hint = near === undefined ? 'take the line out' : `it is called ${near}`;
  return { level: 'warning', name, message, hint };
}
