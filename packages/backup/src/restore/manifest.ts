/** PostgreSQL's list of a backup's files, with a checksum of each. Pure. @see https://www.postgresql.org/docs/17/backup-manifest-format.html */
import { createHash } from 'node:crypto';
import { BackupError } from '../errors.ts';

export interface ManifestFile {
  readonly size: number;
  /** SHA-256 as hex. */
  readonly checksum: string;
}

/** By path. @throws {BackupError} CORRUPT when it is not what the server wrote */
export function parseManifest(bytes: Buffer): ReadonlyMap<string, ManifestFile> {
  const lastLine = bytes.lastIndexOf('"Manifest-Checksum"');
  const wanted = /^"Manifest-Checksum":\s*"([0-9a-f]{64})"/.exec(
    bytes.toString('latin1', Math.max(0, lastLine)),
  )?.[1];
  const sum = createHash('sha256').update(bytes.subarray(0, lastLine)).digest('hex');
  if (lastLine < 0 || wanted !== sum) throw corrupt('its own checksum is wrong');
  const files = new Map<string, ManifestFile>();
  for (const file of readFiles(bytes)) {
    const path = file.Path ?? (file['Encoded-Path'] && Buffer.from(file['Encoded-Path'], 'hex').toString());
    if (typeof path !== 'string' || typeof file.Size !== 'number' || file['Checksum-Algorithm'] !== 'SHA256')
      throw corrupt('an entry is not understood');
    files.set(path, { size: file.Size, checksum: file.Checksum });
  }
  return files;
}

interface FileEntry {
  readonly Path?: string;
  readonly 'Encoded-Path'?: string;
  readonly Size: number;
  readonly 'Checksum-Algorithm': string;
  readonly Checksum: string;
}

function readFiles(bytes: Buffer): readonly FileEntry[] {
  try {
    return (JSON.parse(bytes.toString()) as { readonly Files: readonly FileEntry[] }).Files;
  } catch (error) {
    throw corrupt((error as Error).message);
  }
}

function corrupt(why: string): BackupError {
  return new BackupError(
    'CORRUPT',
    `The backup’s manifest is damaged: ${why}.`,
    'Restore from another backup.',
  );
}
