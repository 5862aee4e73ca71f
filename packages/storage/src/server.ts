import type { StorageConfig } from './config.ts';
import type { Emit } from './events.ts';
import type { Iam } from './iam/iam.ts';
import type { Notifier } from './notify/notifier.ts';
import type { Records } from './records/records.ts';
import type { Store } from './store/store.ts';
import type { Traffic } from './traffic.ts';

/** What every operation works with. */
export interface Server {
  readonly config: StorageConfig;
  readonly store: Store;
  readonly iam: Iam;
  readonly notifier: Notifier;
  readonly traffic: Traffic;
  readonly emit: Emit;
  /** What the database records of the store; absent where there is none. */
  readonly records?: Records | undefined;
}
