/** Server-Timing: how long each stage of a request took. */

type Stage = 'parse' | 'plan' | 'transaction' | 'response';

/** Times the stages of one request, when the setting asks for it. */
export interface ServerTiming {
  /** What has passed since is nobody's: waiting for the body. */
  start(): void;
  lap(stage: Stage): void;
  /** The Server-Timing header, null when not wanted. */
  header(): string | null;
}

const untimed: ServerTiming = { start() {}, lap() {}, header: () => null };

/** `jwtMs` is what authentication took; null when nothing is to be timed. */
export function createServerTiming(jwtMs: number | null): ServerTiming {
  if (jwtMs === null) return untimed;
  const spent = { jwt: jwtMs, parse: 0, plan: 0, transaction: 0, response: 0 };
  let last = performance.now();
  const lap = (stage: Stage): void => {
    const now = performance.now();
    spent[stage] += now - last;
    last = now;
  };
  return {
    start() {
      last = performance.now();
    },
    lap,
    header() {
      lap('response');
      return Object.entries(spent)
        .map(([stage, ms]) => `${stage};dur=${ms.toFixed(1)}`)
        .join(', ');
    },
  };
}
