import type { Handler } from './http/types.ts';

export { releaseMemoryAtRest } from './atRest.ts';
export { pause } from './pause.ts';
export { type Outcome, settleWithin } from './within.ts';

/** Environment variables as `process.env` gives them. */
export type Env = Readonly<Record<string, string | undefined>>;

/**
 * One service of the stack, usable alone or started by `stack`.
 *
 * `Config` is plain data; `Deps` are live resources passed in by whoever starts the service (siblings never import one another).
 */
export interface Service<Config, Deps> {
  readonly name: string;
  /** Pure. @throws {ConfigError} naming the variable and the shape it expects. */
  config(env: Env): Config;
  /** On failure or abort, releases whatever it took, then throws. */
  start(config: Config, deps: Deps, signal: AbortSignal): Promise<Running>;
}

/** A started service. */
export interface Running {
  /** Settles within 1 s; ill health is a value, not a throw. */
  health(): Promise<Health>;
  /** Drains, then releases. Safe to call twice. */
  stop(): Promise<void>;
}

/** Whether a service can serve, and if not, why, in one line for an operator. */
export type Health =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly reason: string;
      /** The cause is in what it depends on: it is well again when that is, and a restart would mend nothing. */
      readonly elsewhere?: true;
    };

/** A service that answers HTTP; in one process the gateway calls `handler` directly, without a socket between. */
export interface HttpService extends Running {
  readonly handler: Handler;
}
