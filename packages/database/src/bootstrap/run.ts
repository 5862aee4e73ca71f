import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { suggest } from '@peakstone/kernel/config';
import {
  arrayLiteral,
  createPrivilegedPool,
  type Exchange,
  PgError,
  type PgNotice,
  type Pool,
  quoteIdentifier,
  quoteLiteral,
} from '@peakstone/kernel/pg';
import { DatabaseError } from '../errors.ts';
import { explainConnection, sqlState } from '../sql.ts';
import { accounts, fingerprint, inspectServer, LOOKED_AT, type ServerState } from './inspect.ts';
import { type BootstrapOptions, planExtensions, planRoles, type RoleSettings, type Step } from './model.ts';
import { SETTING_TAKEN_OFF } from './roles.ts';
import { matchesVerifier, scramVerifier } from './scram.ts';
import { NOT_DONE } from './sql.ts';
import { planSteps } from './steps.ts';
import { storageSteps } from './storage.ts';

/** What a bootstrap did, for the log and for `peakstone doctor`. */
export interface BootstrapReport {
  /** `unchanged`: found as the last one left it. */
  readonly outcome: 'unchanged' | 'applied';
  /** The application's schemas. */
  readonly schemas: readonly string[];
  /** Parts that somebody had changed since the last bootstrap, now put right. */
  readonly repaired: readonly string[];
  readonly passwordsSet: readonly string[];
  /** Settings that somebody had given roles of the stack by ALTER ROLE … SET, now taken off them. */
  readonly settingsTakenOff: readonly string[];
  /** What could not be done, with the reason: what this login may not do, or what stands in the way. */
  readonly failed: readonly { readonly step: string; readonly reason: string }[];
  /** Extensions of the stack that the server does not have, or has not loaded. */
  readonly missingExtensions: readonly string[];
}

/** Lock of this job in the application's database: "peak". */
const LOCK = 0x7065616b;
/** Roles are the cluster's: bootstraps of two databases can meet in them. */
const COLLISIONS = ['40P01', '40001', '23505', 'XX000', '42710'];
const MAX_TRIES = 6;

/**
 * Makes, or makes again, roles, schemas, grants, default privileges, auth functions, extensions and event triggers.
 * Costs three queries when nothing has changed. As a superuser all or nothing; as an ordinary login that may create
 * roles, as much as it may, with the rest in the report.
 * @param url Of the application's database, as superuser or as a login with CREATEROLE that owns the database.
 * @throws {DatabaseError} UNREACHABLE, AUTHENTICATION_FAILED, BOOTSTRAP_FAILED; the signal's reason when it is aborted.
 */
export async function bootstrapDatabase(
  url: string,
  options: BootstrapOptions,
  signal?: AbortSignal,
): Promise<BootstrapReport> {
  signal?.throwIfAborted();
  const pool = createPrivilegedPool({ url, name: 'peakstone bootstrap' });
  // Whatever it is at ends with its connection; the server rolls it back.
  const abort = (): void => void pool.close(0);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return await bootstrapOnce(pool, options);
      } catch (error) {
        signal?.throwIfAborted();
        if (attempt === MAX_TRIES || !COLLISIONS.includes(sqlState(error) ?? ''))
          throw (await explainSetting(pool, error)) ?? explain(error);
        await sleep(20 * attempt * Math.random() + 10);
      }
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    await pool.close();
  }
}

/**
 * The application's schemas, as the last bootstrap left them; none where there was none.
 * @param url An administrator's, as for `bootstrapDatabase`.
 */
export async function servedSchemas(url: string): Promise<readonly string[]> {
  const pool = createPrivilegedPool({ url, name: 'peakstone' });
  try {
    return (await inspectServer(pool, [])).state?.schemas ?? [];
  } catch (error) {
    throw explain(error);
  } finally {
    await pool.close();
  }
}

/**
 * Makes what the service of objects needs of schema storage again, as after an import that brought tables of its own.
 * @param url An administrator's, as for `bootstrapDatabase`. @throws {DatabaseError}
 */
export async function completeStorage(url: string): Promise<void> {
  const pool = createPrivilegedPool({ url, name: 'peakstone bootstrap' });
  try {
    const statements = storageSteps().flatMap(step => step.statements);
    await pool.exchange({
      begin: 'begin',
      statements: statements.map(text => ({ text, values: [], prepare: false })),
    });
  } catch (error) {
    throw explain(error);
  } finally {
    await pool.close();
  }
}

async function bootstrapOnce(pool: Pool, options: BootstrapOptions): Promise<BootstrapReport> {
  const roles = planRoles(options.supabase).map(role => role.name);
  const server = await inspectServer(
    pool,
    accounts(options).map(([name]) => name),
  );
  const served = options.schemas ?? server.usualSchemas;
  const wanted = planExtensions(options.supabase);
  const missingExtensions = wanted.filter(extension => !server.extensions.includes(extension));
  const fresh = served.filter(schema => options.regrant || !server.state?.schemas.includes(schema));
  const stepOptions = {
    ...options,
    schemas: served,
    roleSettings: announce(served, options, server),
    extensions: wanted.filter(extension => server.extensions.includes(extension)),
    isSuperuser: server.isSuperuser,
  };
  const steps = planSteps({ ...stepOptions, grantExisting: fresh });
  const plan = hashPlan(planSteps({ ...stepOptions, grantExisting: [] }));
  const before = await fingerprint(pool, served, roles);
  const parts = server.state?.parts ?? {};
  const isComparable = parts[LOOKED_AT] === before[LOOKED_AT];
  const repaired = isComparable ? Object.keys(parts).filter(part => parts[part] !== before[part]) : [];
  const unchanged =
    isComparable && server.state?.plan === plan && repaired.length === 0 && fresh.length === 0;
  const passwords = wrongPasswords(server.verifiers, options);
  const report = {
    schemas: served,
    repaired,
    missingExtensions: missingExtensions.map(({ name }) => name),
    passwordsSet: passwords.map(([role]) => role),
  };
  if (unchanged) {
    if (passwords.length > 0) await pool.exchange(transaction(server, passwords.map(passwordStatement)));
    return { ...report, outcome: 'unchanged', settingsTakenOff: [], failed: [] };
  }
  const all: Step[] = [
    ...steps,
    ...passwords.map(entry => ({ name: `password of ${entry[0]}`, statements: [passwordStatement(entry)] })),
  ];
  const notices = new StepNotices();
  await (server.isSuperuser ? applyWhole(pool, server, all, notices) : applyEach(pool, server, all, notices));
  const { failed } = notices;
  // Another configuration changes settings as well, which is nobody's fault.
  const isOthers = parts['role settings'] !== before['role settings'];
  const settingsTakenOff = isOthers ? notices.settingsTakenOff : [];
  if (!failed.some(({ step }) => step === 'schema peakstone')) {
    const after = await fingerprint(pool, served, roles);
    const schemas = [...new Set([...(server.state?.schemas ?? []), ...served])];
    // What stood in a superuser's way may be gone the next time; what a login may not do stays so.
    await remember(pool, server.isSuperuser && failed.length > 0 ? '' : plan, after, schemas);
  }
  return { ...report, outcome: 'applied', settingsTakenOff, failed };
}

/** The settings of roles, with what the REST API is to find there; what somebody set in its place stays. */
function announce(
  schemas: readonly string[],
  { announceSchemas, roleSettings }: BootstrapOptions,
  { isSuperuser }: Pick<ServerState, 'isSuperuser'>,
): RoleSettings {
  if (!announceSchemas || !isSuperuser) return roleSettings;
  const { db_authenticator } = roleSettings;
  return {
    ...roleSettings,
    db_authenticator: { 'pgrst.db_schemas': schemas.join(','), ...db_authenticator },
  };
}

async function remember(
  pool: Pool,
  plan: string,
  parts: Readonly<Record<string, string>>,
  schemas: readonly string[],
): Promise<void> {
  await pool.query(
    `insert into peakstone.bootstrap (plan, parts, schemas) values ($1, $2::jsonb, $3::text[])
     on conflict (single) do update set plan = excluded.plan, parts = excluded.parts, schemas = excluded.schemas, applied_at = now()`,
    [plan, JSON.stringify(parts), arrayLiteral(schemas)],
  );
}

/** Gathers what the statements say of themselves. */
class StepNotices {
  readonly failed: { readonly step: string; readonly reason: string }[] = [];
  readonly settingsTakenOff: string[] = [];

  readonly hear = ({ code, message, detail }: PgNotice): void => {
    if (code === NOT_DONE) this.failed.push({ step: detail ?? 'a step', reason: message });
    else if (code === SETTING_TAKEN_OFF) this.settingsTakenOff.push(message);
  };
}

/** From this version on a session can leave event triggers out, which may be somebody else's functions. */
const EVENT_TRIGGERS_SETTING = 170_000;

function transaction(
  { isSuperuser, version }: Pick<ServerState, 'isSuperuser' | 'version'>,
  statements: readonly string[],
  notices?: StepNotices,
): Exchange {
  const quiet = isSuperuser && version >= EVENT_TRIGGERS_SETTING;
  const texts = [
    `select pg_advisory_xact_lock(${LOCK})`,
    ...(quiet ? ["set local event_triggers to 'off'"] : []),
    ...statements,
    // What our own event trigger would have told.
    ...(quiet && notices ? ["notify pgrst, 'reload schema'"] : []),
  ];
  return {
    begin: 'begin',
    statements: texts.map(text => ({ text, values: [], prepare: false })),
    ...(notices && { onNotice: notices.hear }),
  };
}

/** All or nothing, but for what a step says that it could not do. */
async function applyWhole(
  pool: Pool,
  server: ServerState,
  steps: readonly Step[],
  notices: StepNotices,
): Promise<void> {
  const statements = steps.flatMap(step => step.statements);
  await pool.exchange(transaction(server, statements, notices));
}

/** Each step in a transaction of its own, so that what is refused costs no more than itself. */
async function applyEach(
  pool: Pool,
  server: ServerState,
  steps: readonly Step[],
  notices: StepNotices,
): Promise<void> {
  for (const { name, statements } of steps) {
    try {
      await pool.exchange(transaction(server, statements, notices));
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      notices.failed.push({ step: name, reason: error.message });
    }
  }
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

/** A role's setting that the server does not know, or a value that it does not take; undefined for any other failure. */
async function explainSetting(pool: Pool, error: unknown): Promise<DatabaseError | undefined> {
  if (!(error instanceof PgError)) return undefined;
  const name =
    /(?:unrecognized configuration|invalid value for|outside the valid range for) parameter "([^"]+)"/.exec(
      error.message,
    )?.[1];
  if (name === undefined) return undefined;
  const { rows } = await pool.query('select name from pg_settings');
  const near =
    error.code === '42704'
      ? suggest(
          name,
          rows.map(([known]) => String(known)),
        )
      : undefined;
  const hint = near ? `Did you mean ${near}?` : (error.fields.hint ?? 'Correct it, or leave it out.');
  return new DatabaseError(
    'BAD_SETTING',
    `A setting of DATABASE_ROLE_SETTINGS is refused: ${error.message}.`,
    `${hint} Nothing was changed.`,
    error,
  );
}

function explain(error: unknown): unknown {
  if (!(error instanceof PgError)) return explainConnection(error);
  return new DatabaseError(
    'BOOTSTRAP_FAILED',
    `The database could not be bootstrapped: ${error.message}`,
    error.fields.hint ?? 'Nothing was changed. Mend what PostgreSQL names, and start again.',
    error,
  );
}
