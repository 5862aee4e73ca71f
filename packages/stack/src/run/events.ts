/** Everything that happens to a stack, for progress, logs and tests. A closed union: plain data, safe to send as JSON. */
export type StackEvent =
  | { readonly kind: 'starting'; readonly service: string }
  /** A step within a start that may take a while: `downloading`, `creating the database cluster`. */
  | { readonly kind: 'step'; readonly service: string; readonly text: string }
  | { readonly kind: 'healthy'; readonly service: string; readonly durationMs: number }
  /** `elsewhere`: the cause is in what it depends on, so that it is not restarted. */
  | {
      readonly kind: 'unhealthy';
      readonly service: string;
      readonly reason: string;
      readonly elsewhere?: true;
    }
  | { readonly kind: 'restarting'; readonly service: string; readonly attempt: number }
  /** `retryInMs` is null during the first start, which then fails as a whole. */
  | {
      readonly kind: 'startFailed';
      readonly service: string;
      readonly reason: string;
      readonly retryInMs: number | null;
    }
  | { readonly kind: 'stopping'; readonly service: string }
  | { readonly kind: 'stopped'; readonly service: string }
  | { readonly kind: 'portMoved'; readonly service: string; readonly wanted: number; readonly port: number }
  | { readonly kind: 'recovered'; readonly pid: number }
  /** Something the operator should know that is no failure. */
  | { readonly kind: 'notice'; readonly text: string }
  /** The whole start failed; everything is stopped again. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'ready'; readonly durationMs: number };

export type OnStackEvent = (event: StackEvent) => void;
