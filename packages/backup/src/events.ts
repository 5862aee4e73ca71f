/** All that backups tell while they work: for logs, progress and metrics. */
export type BackupEvent =
  /** What was stored is gone; it is begun anew. */
  | { readonly kind: 'vaultLost'; readonly reason: string }
  /** The entry of a backup that might have been chosen is damaged; the WAL behind an older one leads to the same state. */
  | { readonly kind: 'passedOver'; readonly id: string }
  /** It is tried from an older backup. */
  | { readonly kind: 'unreached'; readonly target: string; readonly id: string }
  /** A named point was restored; another one of that name may lie before that backup, and `older` leads there. */
  | {
      readonly kind: 'pointFound';
      readonly target: string;
      readonly lsn: string;
      readonly at: string;
      readonly older: string | null;
    }
  | { readonly kind: 'begun'; readonly id: string; readonly incremental: boolean }
  /** Bytes so far, of about `total` where that is known. */
  | { readonly kind: 'copied'; readonly bytes: number; readonly total: number | null }
  /** The files are stored; the WAL that they need is waited for. */
  | { readonly kind: 'awaitingWal'; readonly until: string }
  | { readonly kind: 'made'; readonly id: string; readonly bytes: number; readonly storedBytes: number }
  | { readonly kind: 'receiving'; readonly timeline: number; readonly from: string }
  | { readonly kind: 'segmentStored'; readonly name: string }
  | { readonly kind: 'timelineChanged'; readonly timeline: number }
  /** The server no longer has WAL that the store lacks: nothing behind it can be restored without a new full backup. */
  | { readonly kind: 'gap'; readonly from: string; readonly to: string }
  /** The server let go of the WAL that the slot was to keep, so that its disk would not fill. */
  | { readonly kind: 'slotLost'; readonly slot: string }
  | { readonly kind: 'disconnected'; readonly reason: string; readonly retryInMs: number }
  | { readonly kind: 'restoring'; readonly id: string; readonly bytes: number }
  | { readonly kind: 'extracted'; readonly bytes: number; readonly total: number }
  | { readonly kind: 'fetchingWal'; readonly segments: number }
  | { readonly kind: 'recovering'; readonly target: string }
  | { readonly kind: 'verified'; readonly what: string; readonly bytes: number }
  | { readonly kind: 'removed'; readonly backups: readonly string[]; readonly segments: number }
  | { readonly kind: 'tested'; readonly id: string; readonly ok: boolean; readonly text: string }
  | { readonly kind: 'failed'; readonly what: string; readonly reason: string };

export type OnBackupEvent = (event: BackupEvent) => void;
