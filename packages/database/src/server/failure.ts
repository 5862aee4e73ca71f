import { DatabaseError, diskFull } from '../errors.ts';

/** Turns the last words of a server into an error that says what to do. Pure. */
export function explainFailure(log: readonly string[], dataDir: string, code: number | null): DatabaseError {
  const text = log.join('\n');
  const cause = new Error(text === '' ? `exit code ${code}` : text);
  if (
    /could not bind .*Address already in use|could not create any (TCP\/IP|Unix-domain) sockets/i.test(text)
  ) {
    return new DatabaseError(
      'PORT_IN_USE',
      'Another program listens on the port for PostgreSQL.',
      'Stop it, or choose another port (POSTGRES_PORT).',
      cause,
    );
  }
  if (/No space left on device|Disk quota exceeded/i.test(text)) return diskFull(dataDir, cause);
  if (/lock file "postmaster\.pid" already exists|pre-existing shared memory block/i.test(text)) {
    return new DatabaseError(
      'IN_USE',
      `Another PostgreSQL server is using ${dataDir}.`,
      'Stop it first; two servers on one folder would destroy it.',
      cause,
    );
  }
  if (/database files are incompatible with server/i.test(text)) {
    return new DatabaseError(
      'WRONG_MAJOR_VERSION',
      `${dataDir} was made by an incompatible PostgreSQL.`,
      'Start it with the programs that made it, dump it, and restore the dump into a new folder.',
      cause,
    );
  }
  if (/has wrong ownership/i.test(text)) {
    return new DatabaseError(
      'FOREIGN_OWNER',
      `${dataDir} belongs to another user.`,
      'Start as its owner.',
      cause,
    );
  }
  if (/Permission denied/i.test(text)) {
    return new DatabaseError(
      'PERMISSION_DENIED',
      `PostgreSQL may not read or write ${dataDir}.`,
      'Give its user access to the folder and every folder above it.',
      cause,
    );
  }
  const reason = log
    .filter(line => /\b(FATAL|PANIC):/.test(line))
    .at(-1)
    ?.replace(/^.*?\b(FATAL|PANIC):\s*/, '');
  return new DatabaseError(
    'START_FAILED',
    `PostgreSQL did not start: ${reason ?? log.at(-1) ?? `exit code ${code}`}`,
    `${adviceOn(text, dataDir)}${lastWords(log)}`,
    cause,
  );
}

/** What to do about what a server says of itself, by what it says. */
const ADVICE: readonly (readonly [said: RegExp, advice: (dataDir: string) => string])[] = [
  [
    /lock file "postmaster\.pid" is empty|bogus data in lock file/i,
    dataDir => `Where no server works in that folder: rm ${dataDir}/postmaster.pid`,
  ],
  [/has invalid permissions/i, dataDir => `Nobody but its owner may enter it: chmod 700 ${dataDir}`],
  [
    /configuration file ".*" contains errors|syntax error in file|(?:invalid|unrecognized|requires|must be|outside the valid range).*(?:parameter|configuration|value)|parameter "|could not map anonymous shared memory|could not access file/i,
    dataDir =>
      `A setting may be the reason: what ALTER SYSTEM wrote is in ${dataDir}/postgresql.auto.conf, one's own in ${dataDir}/postgresql.conf; take the line out, and start again.`,
  ],
];

function adviceOn(text: string, dataDir: string): string {
  const found = ADVICE.find(([said]) => said.test(text));
  return found === undefined ? '' : `${found[1](dataDir)}\n`;
}

const MAX_LAST_WORDS = 6;

/** The end of a log, for a person. Pure. */
export function lastWords(log: readonly string[]): string {
  if (log.length === 0) return 'It said nothing.';
  return `It said last:\n${log.slice(-MAX_LAST_WORDS).join('\n')}`;
}
