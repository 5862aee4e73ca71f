/** What `.env` gets wrong as a file: names that nothing reads, names set twice, secrets that are cut short. Pure. */
import { suggest } from '@peakstone/kernel/config';
import type { Complaint, EnvProblem } from '../checks/check.ts';
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

/** Read by Compose itself or by this program. */
const othersToo = /^(?:COMPOSE|DOCKER|DOKPLOY|PEAKSTONE|NODE)_/;

/** Where the run on this machine, which has the same file, keeps and publishes things: nothing that a deployment would lack. */
const placesHere =
  /^(?:DATABASE_(?:ADOPT|DIR|ENGINE|LISTEN|NETWORKS)|GATEWAY_(?:HOST|PORT)|PGRST_(?:ADMIN_)?SERVER_(?:HOST|PORT|REUSEPORT|UNIX_SOCKET|UNIX_SOCKET_MODE))$/;

/** Settings that hold in the run on this machine, and that no container is given: what would be missed, first match. */
const onlyHere: readonly (readonly [RegExp, Complaint['level'], hint: string])[] = [
  [
    /^DATABASE_MAX_CONNECTIONS$/,
    'warning',
    'connections follow the limits of the database: limits in peakstone.config.ts',
  ],
  [
    /^DATABASE_REGRANT$/,
    'warning',
    'run the job once by hand: docker compose run --rm -e DATABASE_REGRANT=true db-bootstrap',
  ],
  [
    /^DATABASE_ENGINE$/,
    'error',
    "say it in peakstone.config.ts: services: { postgres: { engine: 'external', url } }",
  ],
  [/^DATABASE_/, 'warning', 'take the line out'],
  [/^PGRST_DB_SCHEMAS?$/, 'error', 'name them in DATABASE_SCHEMAS, which both read'],
  [/^PGRST_JWT_SECRET$/, 'error', 'tokens of the deployment are verified with JWT_SECRET: set that'],
  [/^PGRST_DB_URI$/, 'error', 'the deployment logs in as db_authenticator; take the line out'],
  [/^PGRST_OPENAPI_SERVER_PROXY_URI$/, 'warning', 'the deployment makes it of DOMAIN_API'],
  [/^PGRST_/, 'error', 'set it in a Compose file of your own, or take the line out'],
  [/^GATEWAY_/, 'warning', 'take the line out'],
  [
    /^PEAKSTONE_UPSTREAM_/,
    'error',
    "say it in peakstone.config.ts: services: { NAME: { engine: 'external', url } }",
  ],
];

export function checkEnvText(text: string, variables: readonly Variable[]): EnvProblem[] {
  const known = new Map(variables.map(variable => [variable.name, variable]));
  const seen = new Set<string>();
  return [...text.matchAll(/^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=(.*)$/gm)].flatMap(
    ([, name = '', value = '']): EnvProblem[] => {
      const variable = known.get(name);
      const problems: EnvProblem[] = [];
      if (seen.has(name))
        problems.push({
          level: 'warning',
          name,
          message: 'it is set more than once; the last one counts',
          hint: 'keep one line',
        });
      else if (!variable) problems.push(...unread(name, value, [...known.keys()]));
      if (variable?.generate && /^[^']*\$[A-Za-z_{]/.test(value.trimStart().replace(/^'.*/, '')))
        problems.push({
          level: 'error',
          name,
          message: 'what follows its dollar sign is taken for a variable’s name, and lost',
          hint: "put the value into single quotes: NAME='…'",
        });
      seen.add(name);
      return problems;
    },
  );
}

/** Of a name that no container is given. */
function unread(name: string, value: string, known: readonly string[]): EnvProblem[] {
  if (placesHere.test(name) && !value.includes('://')) return [];
  const [, level, hint] = onlyHere.find(([names]) => names.test(name)) ?? [];
  if (level !== undefined && hint !== undefined)
    return value.trim() === ''
      ? []
      : [
          {
            level,
            name,
            message: 'only the run on this machine reads it: the deployment does not have it',
            hint,
          },
        ];
  return othersToo.test(name) ? [] : [unknown(name, known)];
}

function unknown(name: string, known: readonly string[]): EnvProblem {
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
