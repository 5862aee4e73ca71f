import type { Pool } from '@peakstone/kernel/pg';
import type { Headers } from '../auth/session.ts';
import type { Session } from '../auth/types.ts';
import type { GraphqlConfig } from '../config/types.ts';
import type { GraphqlRequest, StatementGroup } from './types.ts';

/** Who asks, and what is at hand for what is answered elsewhere than in a database. */
export interface CallContext {
  readonly config: GraphqlConfig;
  readonly session: Session;
  readonly request: GraphqlRequest;
  /** The client's. */
  readonly headers: Headers;
  readonly signal: AbortSignal | undefined;
  /** Of the metadata, where asynchronous actions are kept; null without one. */
  readonly metadataPool: Pool | null;
  /** Told that an asynchronous action waits. */
  readonly onAsyncCall: () => void;
  /** Runs statements of one source as the session. */
  runGroup(group: StatementGroup, variables: GraphqlRequest['variables']): Promise<readonly string[]>;
}
