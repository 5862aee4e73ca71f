/** What is known of a database that is backed up as SQL. */
import { connectPrivileged, PgError } from '@peakstone/kernel/pg';
import { BackupError } from '../errors.ts';
import type { ClusterFacts } from '../vault.ts';

export interface DatabaseFacts extends ClusterFacts {
  /** Its name within the cluster. */
  readonly database: string;
  /** PostgreSQL's version, such as `17.10`. */
  readonly version: string;
}

/**
 * Asks the server whose database this is.
 * @throws {BackupError} SERVER when the role may not ask; {PgError} {ConnectionError}
 * @see https://www.postgresql.org/docs/17/functions-info.html#FUNCTIONS-INFO-CONTROLDATA
 */
export async function identifyDatabase(url: string): Promise<DatabaseFacts> {
  const client = await connectPrivileged({ url, name: 'peakstone backup' });
  try {
    const [result] = await client.script(FACTS);
    const [systemIdentifier, segmentBytes, versionNumber, version, database] = result!.rows[0]!.map(cell =>
      cell!.toString(),
    );
    return {
      systemIdentifier: systemIdentifier!,
      segmentBytes: Number(segmentBytes),
      major: Math.floor(Number(versionNumber) / 10_000),
      version: version!.split(' ')[0]!,
      database: database!,
    };
  } catch (error) {
    if (!(error instanceof PgError) || error.code !== '42501') throw error;
    throw new BackupError(
      'SERVER',
      `The role may not ask the server who it is: ${error.message}.`,
      'Grant it: grant execute on function pg_control_system(), pg_control_init() to ROLE',
      error,
    );
  } finally {
    client.close();
  }
}

const FACTS = `select (pg_catalog.pg_control_system()).system_identifier::pg_catalog.text,
  (pg_catalog.pg_control_init()).bytes_per_wal_segment, pg_catalog.current_setting('server_version_num'),
  pg_catalog.current_setting('server_version'), pg_catalog.current_database()`;
