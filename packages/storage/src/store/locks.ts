import { S3Error } from '../errors/s3Error.ts';
import type { ObjectRow } from './rows.ts';

/**
 * Whether a version may go. Nobody gets past COMPLIANCE or a legal hold before its time, whoever it is.
 * @throws {S3Error} AccessDenied
 */
export function assertDeletable(
  { retention, legalHold }: ObjectRow,
  bypassGovernance: boolean,
  now = Date.now(),
): void {
  const isRetained =
    retention !== undefined &&
    retention.until > now &&
    !(retention.mode === 'GOVERNANCE' && bypassGovernance);
  if (legalHold || isRetained)
    throw new S3Error('AccessDenied', 'Access Denied because object protected by object lock.');
}
