/** Addresses of the running stack's database. */
import { ACCOUNTS, type LoginRole } from '@peakstone/kernel/inventory';
import { withLogin } from '@peakstone/kernel/pg';
import type { EnvValues } from '../project/envFile.ts';
import { StackError } from '../project/errors.ts';
import type { StackPaths } from '../project/paths.ts';
import { externalUrl } from '../project/urls.ts';
import { administratorUrl } from '../services/postgres/address.ts';
import { stackValues } from './stackValues.ts';
import { runningState } from './state.ts';

/**
 * The administrator's address of the running stack's database.
 * @throws {StackError} `notRunning`
 */
export async function superuserUrl(paths: StackPaths, env: EnvValues): Promise<string> {
  const values = await stackValues(paths, env);
  return administratorUrl(values, await portsOf(paths, values));
}

/**
 * The address of the running stack's database for one of its accounts, password included.
 * @throws {StackError} `notRunning`; `config` when its password is not set.
 */
export async function databaseUrl(paths: StackPaths, env: EnvValues, role: LoginRole): Promise<string> {
  const values = await stackValues(paths, env);
  const ports = await portsOf(paths, values);
  const { password: name } = ACCOUNTS.find(account => account.name === role)!;
  const password = values[name];
  if (!password)
    throw new StackError('config', `${name} is not set.`, { hint: `'peakstone up' makes what is missing.` });
  return withLogin(administratorUrl(values, ports), role, password);
}

async function portsOf(paths: StackPaths, values: EnvValues): Promise<Readonly<Record<string, number>>> {
  return externalUrl(values.DATABASE_ENGINE) === null ? (await runningState(paths)).ports : {};
}
