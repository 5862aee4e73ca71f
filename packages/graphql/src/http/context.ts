import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import type { Authenticate } from '../auth/session.ts';
import type { Session } from '../auth/types.ts';
import type { EnabledApi, GraphqlConfig } from '../config/types.ts';
import type { Database } from '../engine/database.ts';
import type { Engine } from '../engine.ts';
import type { MetadataState } from '../metadata/state.ts';
import type { MetadataStore } from '../metadata/store/types.ts';
import type { Registry } from '../metrics/registry.ts';
import type { RoleSchema } from '../schema/types.ts';

import type { Told } from './log.ts';

/** The live parts of a server, for its routes. */
export interface HttpContext {
  readonly config: GraphqlConfig;
  readonly engine: Engine;
  readonly authenticate: Authenticate;
  readonly metadata: MetadataState;
  /** What tools keep beside the metadata. */
  readonly store: MetadataStore;
  database(source: string): Database;
  /** Whether databases and metadata are as they should be, for `/healthz`. */
  health(strict: boolean): Promise<{ readonly ok: boolean; readonly text: string }>;
  readonly inspection: Inspection;
  readonly metrics: Registry;
}

/** What there is to be looked at by the administrator. */
export interface Inspection {
  /** How many plans are remembered. */
  plans(): { readonly operations: number; readonly plans: number };
  /** The schema that the administrator has. */
  schema(): Promise<RoleSchema>;
  /** Live queries and streams; `isWhole` with their statements. */
  subscriptions(isWhole: boolean): unknown;
}

export interface Route {
  readonly methods: readonly string[];
  readonly path: string;
  /** The API that it belongs to, when it can be switched off. */
  readonly api: EnabledApi | null;
  /** How refusals are told. */
  readonly errors: 'graphql' | 'graphqlStatus' | 'metadata';
  /** Null: nobody is asked who he is. */
  readonly answer: (
    request: HttpRequest,
    context: HttpContext,
    session: Session,
    told: Told,
  ) => Promise<HttpResponse>;
  readonly isOpen?: boolean;
}
