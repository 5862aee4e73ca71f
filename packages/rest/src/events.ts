/** Everything worth telling about the service, as a closed union; the log and the metrics subscribe to it. */
import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import type { PoolEvent } from '@peakstone/kernel/pg';
import type { JwtCacheEvent } from './authenticate.ts';

export type RestEvent =
  // Life of the process
  | { readonly kind: 'starting'; readonly version: string }
  | { readonly kind: 'listening'; readonly server: 'API' | 'Admin'; readonly address: string }
  | { readonly kind: 'signal'; readonly signal: 'SIGINT' | 'SIGTERM' }
  | { readonly kind: 'serverFault'; readonly error: unknown }
  // Connection to the database
  | { readonly kind: 'connected'; readonly version: string }
  | { readonly kind: 'versionFailed'; readonly error: unknown }
  | { readonly kind: 'unsupportedVersion'; readonly version: string; readonly minimum: string }
  | { readonly kind: 'retrying'; readonly seconds: number }
  | { readonly kind: 'noRecovery' }
  | { readonly kind: 'fatal'; readonly reason: FatalReason; readonly error: unknown }
  | { readonly kind: 'poolReady'; readonly size: number }
  | { readonly kind: 'poolFlushed' }
  | { readonly kind: 'poolRequest' }
  | { readonly kind: 'poolRequestFulfilled' }
  | { readonly kind: 'pool'; readonly event: PoolEvent }
  // Catalog
  | { readonly kind: 'catalogMissing' }
  | {
      readonly kind: 'catalogFailed';
      readonly schemas: readonly string[];
      readonly extraSearchPath: readonly string[];
      readonly error: unknown;
    }
  | { readonly kind: 'catalogLoaded'; readonly queriedInMs: number; readonly summary: string }
  // Configuration
  | { readonly kind: 'configReloaded' }
  | { readonly kind: 'configInvalid'; readonly message: string }
  | { readonly kind: 'databaseSettingsFailed'; readonly error: unknown }
  | { readonly kind: 'roleSettingsFailed'; readonly error: unknown }
  | { readonly kind: 'deprecatedRoleClaimKey'; readonly path: string }
  // Notifications
  | {
      readonly kind: 'listenerStarted';
      readonly channel: string;
      readonly host: string;
      readonly version: string;
    }
  | { readonly kind: 'listenerLost'; readonly channel: string; readonly error: Error }
  | { readonly kind: 'listenerRetrying'; readonly seconds: number }
  | { readonly kind: 'notified'; readonly channel: string; readonly asks: 'schema cache' | 'config' }
  // Requests
  | { readonly kind: 'jwtCache'; readonly event: JwtCacheEvent }
  | { readonly kind: 'query'; readonly statements: readonly string[]; readonly status: number }
  | { readonly kind: 'queryFailed'; readonly error: unknown }
  | {
      readonly kind: 'legacyTargetNames';
      /** Relation name and the alias to use in its place. */
      readonly replacements: readonly (readonly [name: string, alias: string])[];
      readonly method: string;
      readonly target: string;
    }
  | {
      readonly kind: 'response';
      readonly request: HttpRequest;
      /** Null when the request was refused before its role was known. */
      readonly role: string | null;
      readonly response: HttpResponse;
    };

/** Why the process must end: nothing that waiting would mend. */
export type FatalReason = 'authentication' | 'transactionPooling' | 'statementPooling';

export type Emit = (event: RestEvent) => void;
