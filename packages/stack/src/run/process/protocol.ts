/** What the supervisor and a process of services say to one another over the channel between them: plain data. */
import type { Health } from '@peakstone/kernel/service';
import type { EnvValues } from '../../project/envFile.ts';
import type { Facts, Peer } from '../../services/local.ts';

/** Of a service's start, what can travel. */
export interface SentContext {
  readonly env: EnvValues;
  readonly host: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly peers: readonly Peer[];
  /** Names of the peers that run in this process as well. */
  readonly here: readonly string[];
  readonly facts: Facts;
  /** Folder of the log files. */
  readonly logs: string;
}

/** What can be asked of a service that is up. */
export type Method = 'health' | 'refresh' | 'stop';

export type ToServices =
  | {
      readonly kind: 'start';
      readonly id: number;
      readonly service: string;
      /** URL of the module that starts it. */
      readonly module: string;
      readonly context: SentContext;
    }
  /** The start under way is not wanted any more. */
  | { readonly kind: 'abort'; readonly service: string }
  | { readonly kind: 'call'; readonly id: number; readonly service: string; readonly method: Method }
  /** The health that was asked for. */
  | { readonly kind: 'answer'; readonly id: number; readonly health: Health };

export type FromServices =
  | { readonly kind: 'settled'; readonly id: number; readonly outcome: SentOutcome }
  | { readonly kind: 'step'; readonly service: string; readonly text: string }
  | { readonly kind: 'crashed'; readonly service: string }
  /** The health of a service that runs elsewhere. */
  | { readonly kind: 'ask'; readonly id: number; readonly service: string }
  /** What its log files have lost so far, and the memory it takes. */
  | { readonly kind: 'state'; readonly droppedLogLines: number; readonly memoryBytes: number };

export type SentOutcome =
  | { readonly ok: true; readonly health?: Health }
  | { readonly ok: false; readonly message: string; readonly hint?: string; readonly code?: string };
