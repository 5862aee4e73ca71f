import { existsSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ConfigError, parseEnvFile, updateEnvFile } from '@peakstone/kernel/config';
import { syncFolder } from '@peakstone/kernel/durable';
import { ACCOUNTS } from '@peakstone/kernel/inventory';
import { createPrivilegedPool, PgError, quoteIdentifier, quoteLiteral } from '@peakstone/kernel/pg';
import { scramVerifier } from '../bootstrap/scram.ts';
import { DatabaseError, explainSystemError } from '../errors.ts';
import { sqlState } from '../sql.ts';
import { followLink, readPrivate, replacePrivate } from './file.ts';
import { generateSecret } from './generate.ts';
import type { EnvVariable } from './variable.ts';

export interface RotateOptions {
  /** Names of secrets, or all that `variables` has. */
  readonly names: readonly string[] | 'all';
  readonly variables: readonly EnvVariable[];
  /**
   * Login that may change the roles' passwords. Without one (the database is not running) only the file changes, and
   * the bootstrap of the next start sets the passwords.
   */
  readonly adminUrl?: string;
  readonly notice?: (text: string) => void;
  /** Told of each step that is done, and holds from then on whatever becomes of this process. */
  readonly onStep?: (step: RotationStep) => void;
}

/** The new file lies beside the old one; the database has the new passwords; the file is in its place. */
export type RotationStep = 'written' | 'changed' | 'placed';

export interface Rotation {
  readonly rotated: readonly string[];
  /** Database roles whose password is another now. */
  readonly roles: readonly string[];
}

/** The variable that holds a role's password; the superuser's role is named by another variable. */
const ROLE_OF: Readonly<Record<string, string>> = Object.fromEntries(
  ACCOUNTS.map(({ name, password }) => [password, name]),
);

/**
 * Gives secrets new values, in the file and in the database together. The new file is first written beside the old,
 * then the passwords are changed in one transaction, then it takes the old one's place. When a crash comes between, whoever
 * finds the file beside goes forward: a running stack at once, the next start otherwise.
 * Callers see to it that there is one at a time, by a lock that ends with its process.
 * @throws {ConfigError} when a name is no secret among `variables`.
 * @throws {DatabaseError} ROTATION_FAILED; then nothing has changed, or the message says that the next start finishes it.
 */
export async function rotateSecrets(file: string, options: RotateOptions): Promise<Rotation> {
  const { notice = () => {}, onStep = () => {} } = options;
  finishRotation(file, notice);
  const text = readPrivate(file, notice) ?? '';
  const secrets = chooseSecrets(options.variables, options.names);
  const changes = Object.fromEntries(secrets.map(({ name, generate }) => [name, generateSecret(generate)]));
  const superuser = parseEnvFile(text).POSTGRES_SUPERUSER || 'postgres';
  const passwords = Object.entries(changes).flatMap(([name, value]) => {
    const role = name === 'POSTGRES_SUPERPASS' ? superuser : ROLE_OF[name];
    return role === undefined ? [] : [[role, value] as const];
  });

  replacePrivate(rotatedFile(file), updateEnvFile(text, changes));
  onStep('written');
  if (options.adminUrl !== undefined && passwords.length > 0) {
    await changePasswords(options.adminUrl, passwords, rotatedFile(file));
  }
  onStep('changed');
  try {
    finishRotation(file, () => {});
  } catch (error) {
    throw new DatabaseError(
      'ROTATION_FAILED',
      `The new secrets wait in ${rotatedFile(file)}, which could not take the place of ${file}: ${(error as Error).message}`,
      `${options.adminUrl === undefined ? '' : 'The database has its new passwords already. '}The next start, or the next rotation, finishes it.`,
      error,
    );
  }
  onStep('placed');
  return { rotated: Object.keys(changes), roles: passwords.map(([role]) => role) };
}

/** Puts the file of an interrupted rotation into its place. It is whole: it was renamed there. */
export function finishRotation(file: string, notice: (text: string) => void): void {
  const beside = rotatedFile(file);
  if (!existsSync(beside)) return;
  try {
    renameSync(beside, followLink(file));
  } catch (error) {
    throw explainSystemError(error, file);
  }
  syncFolder(path.dirname(beside));
  notice(`Finished a rotation of secrets that had been interrupted.`);
}

/** Whether a rotation has left its file beside. One that is under way has too. */
export function rotationInterrupted(file: string): boolean {
  return existsSync(rotatedFile(file));
}

/** Where the new file waits for its place. */
export function rotatedFile(file: string): string {
  return `${followLink(file)}.rotating`;
}

function chooseSecrets(variables: readonly EnvVariable[], names: readonly string[] | 'all') {
  const secrets = variables.flatMap(({ name, generate }) => (generate ? [{ name, generate }] : []));
  if (names === 'all') return secrets;
  for (const name of names) {
    if (!secrets.some(secret => secret.name === name)) {
      throw new ConfigError(
        'names',
        `secrets of the stack (${secrets.map(secret => secret.name).join(', ')})`,
        { got: name },
      );
    }
  }
  return secrets.filter(secret => names.includes(secret.name));
}

async function changePasswords(
  adminUrl: string,
  passwords: readonly (readonly [role: string, password: string])[],
  beside: string,
): Promise<void> {
  const pool = createPrivilegedPool({ url: adminUrl, name: 'peakstone secrets' });
  const statements = passwords.map(([role, password]) => ({
    text: `alter role ${quoteIdentifier(role)} password ${quoteLiteral(scramVerifier(password))}`,
    values: [],
    prepare: false,
  }));
  try {
    await pool.exchange({ begin: 'begin', statements });
  } catch (error) {
    if (sqlState(error)?.startsWith('28')) {
      rmSync(beside, { force: true });
      throw new DatabaseError(
        'ROTATION_FAILED',
        `The database does not take the administrator's password: ${(error as Error).message}`,
        'Nothing has changed. A restart of the stack gives the database the passwords that are configured; then rotate.',
        error,
      );
    }
    if (error instanceof PgError) {
      rmSync(beside, { force: true });
      throw new DatabaseError(
        'ROTATION_FAILED',
        `The database refused the new passwords: ${error.message}`,
        'Nothing has changed.',
        error,
      );
    }
    // The connection broke; whether the change was committed is unknown, so the way is forward.
    throw new DatabaseError(
      'ROTATION_FAILED',
      'The connection to the database broke while passwords were being changed.',
      'The next start, or the next rotation, finishes it.',
      error,
    );
  } finally {
    await pool.close();
  }
}
