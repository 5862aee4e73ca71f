import type { BackupEvent } from '@peakstone/backup';

/** What is worth a line in the log; undefined for what only moves a progress bar. Pure. */
export function describeBackupEvent(event: BackupEvent): string | undefined {
  switch (event.kind) {
    case 'begun':
      return `backup ${event.id} begun`;
    case 'awaitingWal':
      return `files are stored; waiting for WAL up to ${event.until}`;
    case 'made':
      return `backup ${event.id} made: ${megabytes(event.bytes)}, stored as ${megabytes(event.storedBytes)}`;
    case 'receiving':
      return `receiving WAL of timeline ${event.timeline} from ${event.from}`;
    case 'segmentStored':
      return `stored ${event.name}`;
    case 'timelineChanged':
      return `the server went on to timeline ${event.timeline}`;
    case 'gap':
      return `WAL from ${event.from} to ${event.to} is lost: a full backup is needed to restore what follows`;
    case 'vaultLost':
      return `${event.reason} It is begun anew.`;
    case 'slotLost':
      return `the server has let go of the WAL of slot ${event.slot}; it is made anew`;
    case 'disconnected':
      return `the stream ended: ${event.reason}; again in ${Math.round(event.retryInMs / 1000)} s`;
    case 'removed':
      return `removed ${event.backups.length > 0 ? event.backups.join(', ') : 'no backup'} and ${event.segments} WAL segments`;
    case 'tested':
      return event.id === ''
        ? `a test found no backup that can be restored: ${event.text}`
        : `backup ${event.id} ${event.ok ? 'was tested' : 'FAILED its test'}: ${event.text}`;
    case 'failed':
      return `${event.what} failed: ${event.reason}`;
    case 'restoring':
      return `laying out ${event.id}: ${megabytes(event.bytes)}`;
    case 'fetchingWal':
      return `fetching WAL: ${event.segments} segments`;
    case 'passedOver':
      return `the entry of backup ${event.id} is damaged; the WAL behind an older one leads to the same state`;
    case 'pointFound':
      return `${event.target} is that of ${event.at} (${event.lsn}), the newest of that name.${event.older === null ? '' : ` One of before is looked for with --backup ${event.older}.`}`;
    case 'unreached':
      return `the WAL behind ${event.id} does not hold ${event.target}; trying from an older backup`;
    case 'recovering':
      return `PostgreSQL recovers to ${event.target}`;
    case 'verified':
      return `read ${event.what}: ${megabytes(event.bytes)}`;
    case 'copied':
    case 'extracted':
      return undefined;
  }
}

/** `0.4 MB`, `12 MB`, `3.4 GB`. Pure. */
export function megabytes(bytes: number): string {
  const mb = bytes / 1_000_000;
  if (mb >= 1000) return `${(mb / 1000).toFixed(1)} GB`;
  return `${mb < 10 ? mb.toFixed(1) : Math.round(mb)} MB`;
}
