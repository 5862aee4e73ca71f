/** What commands ask of backups. */
import type { BackupKind, OnBackupEvent, RestoreTarget } from '@peakstone/backup';

export interface CreateRequest {
  readonly kind: BackupKind | 'auto';
  readonly label?: string | undefined;
  readonly onEvent: OnBackupEvent;
  /** Told once, when a key had to be made. */
  readonly onKey: (text: string) => void;
  readonly signal: AbortSignal;
}

export interface RestoreRequest {
  readonly target: RestoreTarget;
  readonly backup?: string | undefined;
  readonly timeline?: number | undefined;
  readonly cluster?: string | undefined;
  /** Lays everything out and leaves the recovery to whoever starts the folder. */
  readonly prepareOnly: boolean;
  readonly onEvent: OnBackupEvent;
  readonly signal: AbortSignal;
}
