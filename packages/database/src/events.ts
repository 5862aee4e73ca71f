import type { BootstrapReport } from './bootstrap/run.ts';

/** What happens to the database, for logs, metrics and the start-up display. */
export type DatabaseEvent =
  /** Something an operator should know, in a sentence. */
  | { readonly kind: 'notice'; readonly text: string }
  /** A line that the server logged. */
  | { readonly kind: 'serverLog'; readonly line: string }
  | {
      readonly kind: 'started';
      readonly version: string;
      readonly port: number;
      readonly pid: number;
      readonly durationMs: number;
    }
  | { readonly kind: 'bootstrapped'; readonly report: BootstrapReport; readonly durationMs: number }
  /** It ended without being asked to, and is started again in `restartInMs`. */
  | { readonly kind: 'crashed'; readonly reason: string; readonly restartInMs: number }
  | { readonly kind: 'restartFailed'; readonly error: Error; readonly retryInMs: number };
