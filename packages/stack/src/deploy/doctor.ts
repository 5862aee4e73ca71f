/**
 * What is wrong with an `.env` before it is deployed: missing and weak secrets, keys of the wrong length, URLs that contradict
 * the passwords they repeat, pools that no client will find, database ports open to the world. Pure; no value of a secret is in a finding.
 */
import { findService, type Stack } from '../definition.ts';
import { isExampleHost } from '../exampleHost.ts';
import { type Variable, variables } from '../variables.ts';

export interface Finding {
  /** `error`: the deployment will not work, or is unsafe. `warning`: it will, but look. */
  readonly level: 'error' | 'warning';
  readonly name: string;
  readonly message: string;
  readonly hint: string;
}

type Values = Readonly<Record<string, string | undefined>>;

/** Findings, errors first. */
export function checkEnvironment(stack: Stack, values: Values): Finding[] {
  const used = variables.filter(variable =>
    variable.requiredBy.some(
      name => findService(stack, name) && findService(stack, name)?.engine !== 'external',
    ),
  );
  const findings = [
    ...used.flatMap(variable => checkVariable(variable, values)),
    ...checkReuse(values),
    ...checkUrls(stack, values),
    ...checkPooler(stack, values),
    ...checkPorts(values),
    ...checkHosts(values),
    ...checkSources(stack, values),
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
  if (name === 'IMGPROXY_KEY_HEX' || name === 'IMGPROXY_SALT_HEX')
    return checkHex(name, value, variable.generate.bytes);
  if (name === 'LOKI_ACCESS_KEY')
    return value.length < 3 ? error('it is shorter than 3 characters, which the store refuses', replace) : [];
  if (name === 'JWT_SECRET' || name === 'HASURA_ADMIN_SECRET') {
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

const urlRoles: readonly [variable: string, role: string, password: string][] = [
  ['HASURA_GRAPHQL_DATABASE_URL', 'hasura', 'HASURA_DB_PASSWORD'],
  ['HASURA_GRAPHQL_METADATA_DATABASE_URL', 'hasura', 'HASURA_DB_PASSWORD'],
  ['ATLAS_URL', 'db_migrator', 'DB_MIGRATOR_PASSWORD'],
];

/** A URL that repeats a password goes stale when the password is rotated; and its database is the pool's name. */
function checkUrls(stack: Stack, values: Values): Finding[] {
  const findings: Finding[] = [];
  for (const [name, role, passwordVariable] of urlRoles) {
    const value = values[name]?.trim();
    if (!value) continue;
    const fix = `leave ${name} out: it is made from ${passwordVariable}`;
    let url: URL;
    try {
      url = new URL(value);
    } catch {
      findings.push({
        level: 'error',
        name,
        message: 'it is no URL: postgres://ROLE:PASSWORD@HOST:PORT/DATABASE',
        hint: fix,
      });
      continue;
    }
    const password = values[passwordVariable];
    if (url.username === role && password && decode(url.password) !== password) {
      findings.push({ level: 'error', name, message: `its password is not ${passwordVariable}`, hint: fix });
    }
    if (url.username === (values.POSTGRES_SUPERUSER || 'postgres')) {
      findings.push({
        level: 'warning',
        name,
        message: 'it connects as the superuser',
        hint: `use the role ${role}`,
      });
    }
    const database = decode(url.pathname.slice(1));
    const expected = values.POSTGRES_DB || 'postgres';
    const own = [
      `${stack.hostPrefix}postgres`,
      `${stack.hostPrefix}pooler`,
      'postgres',
      'pgcat',
      'pooler',
    ].includes(url.hostname);
    if (own && database !== expected) {
      findings.push({
        level: 'error',
        name,
        message: `its database is ${database || 'missing'}, but POSTGRES_DB, which names the pool, is ${expected}`,
        hint: fix,
      });
    }
  }
  return findings;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A pool's name becomes a TOML key and what clients connect to. */
function checkPooler(stack: Stack, values: Values): Finding[] {
  const name = values.POSTGRES_DB?.trim();
  if (!findService(stack, 'pooler') || !name) return [];
  if (['pgcat', 'pgbouncer'].includes(name)) {
    return [
      {
        level: 'error',
        name: 'POSTGRES_DB',
        message: `${name} is the pooler’s own admin database`,
        hint: 'name the database otherwise',
      },
    ];
  }
  return /["\\]/.test(name)
    ? [
        {
          level: 'error',
          name: 'POSTGRES_DB',
          message: 'it holds a quote or a backslash, which no pool’s name can',
          hint: 'use letters, digits and underscores',
        },
      ]
    : [];
}

/** A database port is for this machine only. */
function checkPorts(values: Values): Finding[] {
  const value = values.POSTGRES_PORT?.trim();
  if (!value || /^(?:127\.0\.0\.1|localhost|\[::1\]):\d+$/.test(value)) return [];
  const hint = 'use 127.0.0.1:5432, and reach it by an SSH tunnel or a VPN';
  if (
    /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)[\d.]+:\d+$/.test(
      value,
    )
  ) {
    return [
      {
        level: 'warning',
        name: 'POSTGRES_PORT',
        message: 'it opens the database to a private network',
        hint,
      },
    ];
  }
  return [{ level: 'error', name: 'POSTGRES_PORT', message: 'it opens the database to every network', hint }];
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

function checkSources(stack: Stack, values: Values): Finding[] {
  const name = 'IMGPROXY_ALLOWED_SOURCES';
  const value = values[name]?.trim();
  if (!findService(stack, 'images') || !value) return [];
  const sources = value.split(',').map(part => part.trim());
  const warning = (message: string, hint: string): Finding[] => [{ level: 'warning', name, message, hint }];
  const open = sources.find(source => /^(?:\*|https?:\/\/\*?\/?)$/.test(source));
  if (open !== undefined) {
    return warning(
      `'${open}' lets images be fetched from any host`,
      'list your own origins, such as https://s3.example.com/',
    );
  }
  const bucket = `s3://${values.MINIO_BUCKET?.trim() || 'uploads'}/`;
  const buckets = sources.filter(source => source.startsWith('s3://'));
  if (buckets.length === 0 || buckets.some(source => source.startsWith(bucket) || bucket.startsWith(source)))
    return [];
  return warning(
    `it names ${buckets.join(', ')}, but the bucket (MINIO_BUCKET) is ${bucket}`,
    `allow ${bucket}`,
  );
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
