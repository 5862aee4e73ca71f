import type { OnStackEvent } from './events.ts';
import type { ServiceOff } from './status.ts';

/** How a stack is to be started: what the command line and the environment say. */
export interface StackSettings {
  /** The project's folder, with `.env` and `examples/`. */
  readonly cwd: string;
  /** The process environment; wins over `.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Data folder, absolute or from `cwd`. Default `.peakstone`. */
  readonly data?: string;
  /** Address the gateway listens on. Default 127.0.0.1, so that nothing is public by accident. */
  readonly host?: string;
  /** First of the ports; absent, each service has its usual one or the next free one. */
  readonly portBase?: number;
  /** Loads `examples/NAME`, once. */
  readonly example?: string;
  /** In the background: nobody waits for its end. */
  readonly detached?: boolean;
  /** Applies what is new in the project's migrations. Default true. */
  readonly migrate?: boolean;
}

export interface StartOptions extends StackSettings {
  readonly onEvent: OnStackEvent;
  /** Aborting stops what has been started so far, then rejects. */
  readonly signal: AbortSignal;
}

/** What a started stack offers, to show and to copy. Holds keys, so it is never logged. */
export interface StackSummary {
  readonly pid: number;
  readonly data: string;
  readonly startedInMs: number;
  readonly addresses: readonly { readonly service: string; readonly title: string; readonly url: string }[];
  /** Services that the configuration leaves out. */
  readonly off: readonly ServiceOff[];
  readonly ports: Readonly<Record<string, number>>;
  readonly keys: { readonly anon: string; readonly service: string };
}
