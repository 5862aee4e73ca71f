import type { HttpRequest } from '@peakstone/kernel/http';
import type { Pool } from '@peakstone/kernel/pg';
import type { Identity } from '@peakstone/kernel/request';
import type { RestConfig } from '../../config/types.ts';

/** Who asked for what. */
export interface Asked {
  readonly request: HttpRequest;
  readonly identity: Identity;
  readonly config: RestConfig;
  readonly pool: Pool;
}
