import { existsSync, readFileSync } from 'node:fs';
import { rotationInterrupted } from '@peakstone/database';
import { type Check, fail, ok, warn } from '../../project/check.ts';
import { type EnvValues, readEnvFile } from '../../project/envFile.ts';
import { checkEnvMode } from '../../project/envMode.ts';
import type { StackPaths } from '../../project/paths.ts';
import { rotationUnderWay } from '../../project/rotationLock.ts';
import { isShortJwtSecret, minJwtSecretBytes } from '../../run/jwtSecret.ts';
import type { Variable } from '../../variable.ts';
import { variables } from '../../variables.ts';
import { checkAbsent } from './data.ts';

/** `.env`: that it is private, readable, complete, and that its secrets are no placeholders. Never shows a value. */
export function checkEnv(paths: StackPaths, env: EnvValues): Check[] {
  if (!existsSync(paths.env)) return [checkAbsent('.env', paths.env)];
  let values: EnvValues;
  try {
    values = readEnvFile(paths, env);
  } catch (error) {
    const { message, hint } = error as { message: string; hint?: string };
    return [fail('.env', message, hint ?? `Correct that line of ${paths.env}.`)];
  }
  const checks = [
    checkEnvMode(paths.env),
    ...checkRotation(paths),
    ...checkDuplicates(readFileSync(paths.env, 'utf8')),
  ];
  const secrets = variables.filter(variable => variable.generate);
  const missing = secrets.filter(({ name }) => !values[name] && !env[name]).map(({ name }) => name);
  const short = isShortJwtSecret(env.JWT_SECRET || values.JWT_SECRET || '');
  const weak = secrets.flatMap(variable =>
    short && variable.name === 'JWT_SECRET' ? [] : weakness(variable, values[variable.name]),
  );
  const overridden = secrets
    .filter(({ name }) => env[name] && values[name] && env[name] !== values[name])
    .map(({ name }) => name);
  if (missing.length > 0) {
    checks.push(warn('Secrets', `not set: ${missing.join(', ')}`, `The next 'peakstone up' adds them.`));
  }
  if (short) {
    checks.push(
      fail(
        'Secrets',
        `JWT_SECRET is shorter than ${minJwtSecretBytes} characters, so 'peakstone up' refuses it`,
        env.JWT_SECRET
          ? 'Set a longer one in the environment, or unset it there.'
          : 'Make a new one: peakstone secrets rotate JWT_SECRET',
      ),
    );
  }
  for (const { name, why } of weak) {
    checks.push(warn('Secrets', `${name} ${why}`, `Make a new one: peakstone secrets rotate ${name}`));
  }
  if (overridden.length > 0) {
    checks.push(
      warn(
        'Environment',
        `overrides .env with another ${overridden.join(', ')}`,
        'Unset the variables, or make the two the same: one of them is not what you think.',
      ),
    );
  }
  if (missing.length === 0 && weak.length === 0 && !short)
    checks.push(ok('Secrets', `${secrets.length} set, none weak`));
  return checks;
}

/** Until it is finished, the database may have passwords that `.env` does not. */
function checkRotation(paths: StackPaths): Check[] {
  const who = rotationUnderWay(paths);
  if (who !== null) return [warn('Secrets', `are being rotated by ${who}`, 'Look again in a moment.')];
  if (!rotationInterrupted(paths.env)) return [];
  return [
    warn(
      'Secrets',
      'a rotation was interrupted',
      `The next 'peakstone up', or the next rotation, finishes it.`,
    ),
  ];
}

/** The last one counts, which is not the one that somebody looks at who reads from the top. */
function checkDuplicates(text: string): Check[] {
  const names = [...text.matchAll(/^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=/gm)].map(
    match => match[1]!,
  );
  const repeated = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  if (repeated.length === 0) return [];
  return [
    warn('.env', `sets ${repeated.join(', ')} more than once`, 'The last one counts: remove the others.'),
  ];
}

const placeholders =
  /^(?:change.?me|changeme|secret|password|postgres|admin|example|test|xxx+|<.*>|\$\{.*\})/i;

function weakness({ name, generate }: Variable, value: string | undefined): { name: string; why: string }[] {
  if (!value || !generate) return [];
  if (placeholders.test(value)) return [{ name, why: 'looks like a placeholder' }];
  if (new Set(value).size <= 4) return [{ name, why: 'is one letter again and again' }];
  // Key lengths are exact only where a peer insists; anything at least as long as ours is as strong.
  const least = generate.kind === 'hex' ? generate.bytes : Math.min(16, generate.bytes);
  return value.length < least ? [{ name, why: `has only ${value.length} characters` }] : [];
}
