/**
 * Who may connect: passwords (SCRAM) everywhere, and on the private socket the operating system's word that a process
 * is the stack's own, so that the superuser needs no password to be bootstrapped or repaired. Pure.
 * @see https://www.postgresql.org/docs/17/auth-pg-hba-conf.html
 */

/** Files of the data folder that hold it. */
export const HBA = 'peakstone_hba.conf';
export const IDENT = 'peakstone_ident.conf';

/** Name of the map from operating system accounts to the superuser. */
const MAP = 'peakstone';

export interface AccessOptions {
  readonly superuser: string;
  /** Accounts that are the superuser on the private socket: this process's and the server's. */
  readonly systemUsers: readonly string[];
  /** Addresses beyond this machine that may log in, in CIDR form. */
  readonly networks: readonly string[];
  /** Whether the folder holds rules of the user's own, in `pg_hba.user.conf`. */
  readonly hasUserRules: boolean;
}

export function renderHba(options: AccessOptions): string {
  const superuser = quote(options.superuser);
  return [
    '# Written by PeakStone on every start. Your own rules: pg_hba.user.conf in this folder, read before those below.',
    ...(options.systemUsers.length > 0 ? [`local all ${superuser} peer map=${MAP}`] : []),
    ...(options.hasUserRules ? ['include "pg_hba.user.conf"'] : []),
    'local all all scram-sha-256',
    'host all all 127.0.0.1/32 scram-sha-256',
    'host all all ::1/128 scram-sha-256',
    ...options.networks.map(network => `host all all ${network} scram-sha-256`),
    'local replication all scram-sha-256',
    'host replication all 127.0.0.1/32 scram-sha-256',
    '',
  ].join('\n');
}

export function renderIdent(options: AccessOptions): string {
  const lines = options.systemUsers.map(user => `${MAP} ${quote(user)} ${quote(options.superuser)}`);
  return ['# Written by PeakStone on every start.', ...lines, ''].join('\n');
}

function quote(value: string): string {
  return `"${value.replaceAll('"', '""')}"`;
}
