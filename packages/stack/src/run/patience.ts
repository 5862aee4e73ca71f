/** How long the supervisor waits for what. */
export interface Patience {
  /** Between two looks at every service's health. */
  readonly intervalMs: number;
  /** How long looks may find a service ill before it is restarted, as most recover by themselves. */
  readonly patienceMs: number;
  /** First wait before starting again; doubles up to `maxBackoffMs`. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** Bound of one service's stop; what hangs longer is left behind. */
  readonly stopMs: number;
}

export const usualPatience: Patience = {
  intervalMs: 1000,
  patienceMs: 15_000,
  backoffMs: 500,
  maxBackoffMs: 30_000,
  stopMs: 15_000,
};

/** A service healthy for so long has earned a short back-off again. */
export const forgiveMs = 60_000;
/** So many looks in a row must find a service ill before it is restarted, however long each took. */
export const leastIllLooks = 3;
/** A look that this process was held up by so long says nothing of the service. */
export const lateLookMs = 400;
/**
 * The longest wait before a service is started again whose process ended after it had been well. It stays this short however
 * often the process ends: a client that can crash a service must not be able to keep it stopped.
 */
export const maxEndBackoffMs = 2000;
/** How long a started service may take until its first healthy answer. */
export const readinessMs = 30_000;
