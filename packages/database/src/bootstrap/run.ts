import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createPrivilegedPool,
  PgError,
  type Pool,
  quoteIdentifier,
  quoteLiteral,
} from '@peakstone/kernel/pg';
import { DatabaseError } from '../errors.ts';
import { explainConnection, sqlState } from '../sql.ts';
import { accounts, fingerprint, inspectServer, textArray } from './inspect.ts';
import { type BootstrapOptions, EXTENSIONS, planRoles } from './model.ts';
import { matchesVerifier, scramVerifier } from './scram.ts';
import { planSteps, type Step } from './steps.ts';

/** What a bootstrap did, for the log and for `peakstone doctor`. */
export interface BootstrapReport {
  /** `unchanged`: found as the last one left it. */
  readonly outcome: 'unchanged' | 'applied';
  /** Parts that somebody had changed since the last bootstrap, now put right. */
  readonly repaired: readonly string[];
  readonly passwordsSet: readonly string[];
  /** What this login may not do, with PostgreSQL's reason. Empty for a superuser. */
  readonly failed: readonly { readonly step: string; readonly reason: string }[];
  /** Extensions of the stack that the server does not have, or has not loaded. */
  readonly missingExtensions: readonly string[];
}

/** Lock of this job in the application's database: "peak". */
const LOCK = 0x7065616b;
const STATE_STATEMENTS = [
  'create schema if not exists peakstone',
  'revoke all on schema peakstone from public',
  `create table if not exists peakstone.bootstrap (
    single boolean primary key default true check (single), plan text not null, parts jsonb not null,
    schemas text[] not null, applied_at timestamptz not null default now())`,
  'revoke all on peakstone.bootstrap from public',
];
/** Roles are the cluster's: bootstraps of two databases can meet in them. */
const COLLISIONS = ['40P01', '40001', '23505', 'XX000', '42710'];
const MAX_TRIES = 6;

/**
 * Makes, or makes again, roles, schemas, grants, default privileges, auth functions, extensions and event triggers.
 * Costs three queries when nothing has changed. As a superuser all or nothing; as an ordinary login that may create
 * roles, as much as it may, with the rest in the report.
 * @param url Of the application's database, as superuser or as a login with CREATEROLE that owns the database.
 * @throws {DatabaseError} UNREACHABLE, AUTHENTICATION_FAILED, BOOTSTRAP_FAILED
 */
export async function bootstrapDatabase(url: string, options: BootstrapOptions): Promise<BootstrapReport> {
  const pool = createPrivilegedPool({ url, name: 'peakstone bootstrap' });
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return await bootstrapOnce(pool, options);
      } catch (error) {
        if (attempt === MAX_TRIES || !COLLISIONS.includes(sqlState(error) ?? '')) throw explain(error);
        await sleep(20 * attempt * Math.random() + 10);
      }
    }
  } finally {
    await pool.close();
  }
}

async function bootstrapOnce(pool: Pool, options: BootstrapOptions): Promise<BootstrapReport> {
  const roles = planRoles(options.supabase).map(role => role.name);
  const server = await inspectServer(pool, options);
  const missingExtensions = EXTENSIONS.filter(name => !server.extensions.includes(name));
  const fresh = options.schemas.filter(schema => options.regrant || !server.state?.schemas.includes(schema));
  const steps = planSteps({
    database: options.database,
    schemas: options.schemas,
    supabase: options.supabase,
    extensions: server.extensions,
    grantExisting: fresh,
    isSuperuser: server.isSuperuser,
  });
  const plan = hashPlan(
    planSteps({
      ...options,
      extensions: server.extensions,
      grantExisting: [],
      isSuperuser: server.isSuperuser,
    }),
  );
  const before = await fingerprint(pool, options.schemas, roles);
  const repaired = Object.keys(server.state?.parts ?? {}).filter(
    part => server.state?.parts[part] !== before[part],
  );
  const unchanged = server.state?.plan === plan && repaired.length === 0 && fresh.length === 0;
  const passwords = wrongPasswords(server.verifiers, options);
  const report = { repaired, missingExtensions, passwordsSet: passwords.map(([role]) => role) };
  if (unchanged) {
    if (passwords.length > 0) await pool.exchange(transaction(passwords.map(passwordStatement)));
    return { ...report, outcome: 'unchanged', failed: [] };
  }
  const remember = async () => {
    const parts = JSON.stringify(await fingerprint(pool, options.schemas, roles));
    const schemas = [...new Set([...(server.state?.schemas ?? []), ...options.schemas])];
    await pool.query(
      `insert into peakstone.bootstrap (plan, parts, schemas) values ($1, $2::jsonb, $3::text[])
       on conflict (single) do update set plan = excluded.plan, parts = excluded.parts, schemas = excluded.schemas, applied_at = now()`,
      [plan, parts, textArray(schemas)],
    );
  };
  const all: Step[] = [
    { name: 'schema peakstone', statements: STATE_STATEMENTS },
    ...steps,
    ...passwords.map(entry => ({ name: `password of ${entry[0]}`, statements: [passwordStatement(entry)] })),
  ];
  if (server.isSuperuser) {
    await pool.exchange(transaction(all.flatMap(step => step.statements)));
    await remember();
    return { ...report, outcome: 'applied', failed: [] };
  }
  const failed = await applyEach(pool, all);
  if (!failed.some(({ step }) => step === 'schema peakstone')) await remember();
  return { ...report, outcome: 'applied', failed };
}

function transaction(statements: readonly string[]) {
  const lock = { text: `select pg_advisory_xact_lock(${LOCK})`, values: [], prepare: false };
  return {
    begin: 'begin',
    statements: [lock, ...statements.map(text => ({ text, values: [], prepare: false }))],
    end: 'commit' as const,
  };
}

/** Each step in a transaction of its own, so that what is refused costs no more than itself. */
async function applyEach(pool: Pool, steps: readonly Step[]): Promise<BootstrapReport['failed']> {
  const failed: { step: string; reason: string }[] = [];
  for (const { name, statements } of steps) {
    try {
      await pool.exchange(transaction(statements));
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      failed.push({ step: name, reason: error.message });
    }
  }
  return failed;
}

function hashPlan(steps: readonly Step[]): string {
  return createHash('sha256').update(JSON.stringify(steps)).digest('hex');
}

function wrongPasswords(
  verifiers: ReadonlyMap<string, string | null> | undefined,
  options: BootstrapOptions,
) {
  return accounts(options).filter(
    ([role, password]) => !matchesVerifier(password, verifiers?.get(role) ?? null),
  );
}

function passwordStatement([role, password]: readonly [string, string]): string {
  return `alter role ${quoteIdentifier(role)} password ${quoteLiteral(scramVerifier(password))}`;
}

function explain(error: unknown): unknown {
  if (!(error instanceof PgError)) return explainConnection(error);
  return new DatabaseError(
    'BOOTSTRAP_FAILED',
    `The database could not be bootstrapped: ${error.message}`,
    error.fields.hint ?? 'Nothing was changed. The cause holds what PostgreSQL said.',
    error,
  );
}
