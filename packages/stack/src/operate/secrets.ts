import {
  type ApiKeys,
  planMemberships,
  type RotationStep,
  readSupabaseMode,
  rotateSecrets,
  rotationInterrupted,
} from '@peakstone/database';
import { signJwt } from '@peakstone/kernel/jwt';
import { createPrivilegedPool } from '@peakstone/kernel/pg';
import { jwtSecretOf, signStackKeys } from '../project/apiKeys.ts';
import type { EnvValues } from '../project/envFile.ts';
import { StackError } from '../project/errors.ts';
import type { Lock } from '../project/lock.ts';
import type { StackPaths } from '../project/paths.ts';
import { forgetRotation, noteRotation, rotationUnderWay, takeRotationLock } from '../project/rotationLock.ts';
import { superuserUrl } from '../run/databaseUrl.ts';
import { settleRotation } from '../run/settleRotation.ts';
import { stackValues } from '../run/stackValues.ts';
import { readPresence } from '../run/state.ts';
import type { ServiceStatus } from '../run/status.ts';
import { services } from '../services/index.ts';
import { variables } from '../variables.ts';
import { restartStack, stackStatus } from './client.ts';

/** The secrets among the stack's variables. */
export const secretVariables = variables.filter(variable => variable.generate);

/** The secrets that are set, by name. */
export async function stackSecrets(paths: StackPaths, env: EnvValues): Promise<Map<string, string>> {
  const values = await stackValues(paths, env);
  return new Map(
    secretVariables.flatMap(({ name }) => (values[name] ? [[name, values[name]] as const] : [])),
  );
}

export interface RotationReport {
  readonly rotated: readonly string[];
  /** Database roles whose password is another now. */
  readonly roles: readonly string[];
  /** Services that took the new secrets over. */
  readonly restarted: readonly string[];
  /** Those that did not come back; they take them over at their next start. */
  readonly failed: readonly { readonly service: string; readonly reason: string }[];
}

/** Its begin is written down; as in the database's package; a service has restarted. */
export type StackRotationStep = 'begun' | RotationStep | 'restarted';

/**
 * Gives secrets new values in `.env` and, when the stack runs, in its database; services that hold one are restarted. Waits
 * for another rotation to end first.
 * @param names All when empty.
 * @param onWait told when it has to wait, and for whom
 * @param onStep told of each step that is done
 * @throws {StackError} `config` when the environment overrides one of them, which would then stay as it was, or when
 * another rotation does not end; `permission` where nothing can be written; `unanswered` where the stack that runs does not
 * answer. Nothing has changed then.
 */
export async function rotateStackSecrets(
  paths: StackPaths,
  env: EnvValues,
  names: readonly string[],
  onWait: (text: string) => void,
  onStep: (step: StackRotationStep) => void = () => undefined,
): Promise<RotationReport> {
  const wanted = names.length > 0 ? names : secretVariables.map(({ name }) => name);
  const overridden = wanted.find(name => env[name]);
  if (overridden) {
    throw new StackError('config', `${overridden} is set in the environment, which overrides .env.`, {
      hint: 'Rotate it where it is set, or unset it.',
    });
  }
  const lock = await takeSettledLock(paths, onWait);
  try {
    noteRotation(paths);
    onStep('begun');
    return await rotateAlone(paths, env, names, onStep);
  } finally {
    // What waits to be finished is the stack's, or the next start's.
    if (!rotationInterrupted(paths.env)) forgetRotation(paths);
    lock.release();
  }
}

/** Of one that was killed, the running stack must have made an end first: it knows which passwords the database takes. */
async function takeSettledLock(paths: StackPaths, onWait: (text: string) => void): Promise<Lock> {
  for (let isSecond = false; ; isSecond = true) {
    if (rotationUnderWay(paths) === null) await settleRotation(paths);
    const lock = await takeRotationLock(paths, onWait);
    if (isSecond || !rotationInterrupted(paths.env) || readPresence(paths).kind !== 'running') return lock;
    lock.release();
  }
}

async function rotateAlone(
  paths: StackPaths,
  env: EnvValues,
  names: readonly string[],
  onStep: (step: StackRotationStep) => void,
): Promise<RotationReport> {
  // Asked before anything is changed: a stack that does not answer takes over no secret.
  const status = readPresence(paths).kind === 'running' ? await stackStatus(paths) : null;
  const { rotated, roles } = await rotateSecrets(paths.env, {
    variables,
    names: names.length > 0 ? names : 'all',
    onStep,
    ...(status ? { adminUrl: await superuserUrl(paths, env) } : {}),
  });
  const restarted: string[] = [];
  const failed: RotationReport['failed'][number][] = [];
  for (const service of holdersOf(rotated, status?.services ?? [])) {
    try {
      await restartStack(paths, service, () => undefined);
      restarted.push(service);
      onStep('restarted');
    } catch (error) {
      // The secrets are others by now, whatever becomes of the services: what holds is told.
      if (!(error instanceof StackError)) throw error;
      failed.push({ service, reason: error.message });
    }
  }
  return { rotated, roles, restarted, failed };
}

/** Services that run and hold one of these secrets. One that was stopped reads them when it is started. Pure. */
function holdersOf(rotated: readonly string[], running: readonly ServiceStatus[]): readonly string[] {
  return services.flatMap(({ name, local }) => {
    const isHeld = running.some(
      service => service.name === name && service.engine === 'peakstone' && service.state !== 'stopped',
    );
    return isHeld && local?.secrets.some(secret => rotated.includes(secret)) ? [name] : [];
  });
}

/** The anon key and the service key. @throws {StackError} `config` when there is no JWT_SECRET yet. */
export async function stackKeys(paths: StackPaths, env: EnvValues): Promise<ApiKeys> {
  return signStackKeys(await stackValues(paths, env));
}

/** Signs claims with the stack's JWT_SECRET. @throws {StackError} `config` */
export async function signStackToken(
  paths: StackPaths,
  env: EnvValues,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  return signJwt(claims, jwtSecretOf(await stackValues(paths, env)));
}

/** Roles that a token may name: those that the running database lets the APIs take, else the stack's own. */
export async function requestRoles(paths: StackPaths, env: EnvValues): Promise<readonly string[]> {
  if (readPresence(paths).kind !== 'running')
    return planMemberships(readSupabaseMode(await stackValues(paths, env)))
      .filter(({ member, set }) => member === 'db_authenticator' && set)
      .map(({ role }) => role);
  const url = await superuserUrl(paths, env);
  const pool = createPrivilegedPool({ url, name: 'peakstone secrets', acquireTimeoutMs: 3000 });
  try {
    const { rows } = await pool.query(
      `select rolname from pg_roles where pg_has_role('db_authenticator', oid, 'set') and rolname <> 'db_authenticator'`,
    );
    return rows.map(([name]) => String(name));
  } finally {
    await pool.close(0);
  }
}
