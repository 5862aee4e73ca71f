/** The sink of event triggers and scheduled events: keeps what comes, in order. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Stub, type StubRequest, startStub } from './http.ts';

export interface EventSink extends Stub {
  /** The next event; null when none has come in time. */
  next(timeoutMs: number): Promise<StubRequest | null>;
  /** Answers what waits at `/block`. */
  unblock(): void;
}

const sleepMs = 2000;
const failing: Readonly<Record<string, number>> = { '/fail': 500 };

export async function startEventSink(): Promise<EventSink> {
  const received: StubRequest[] = [];
  const waiting: ((request: StubRequest) => void)[] = [];
  const blocked = Promise.withResolvers<void>();
  const keep = (request: StubRequest): void => {
    const waiter = waiting.shift();
    if (waiter) waiter(request);
    else received.push(request);
  };
  const stub = await startStub(async request => {
    const path = request.path.split('?')[0]!;
    if (request.method === 'GET') return { status: 200 };
    if (path === '/sleep_2s') await sleep(sleepMs);
    if (path === '/block') await blocked.promise;
    keep(request);
    return { status: failing[path] ?? 204 };
  });
  return {
    ...stub,
    unblock: () => blocked.resolve(),
    async next(timeoutMs) {
      const first = received.shift();
      if (first) return first;
      if (timeoutMs === 0) return null;
      const arrival = Promise.withResolvers<StubRequest | null>();
      waiting.push(arrival.resolve);
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(arrival.resolve), 1);
        arrival.resolve(null);
      }, timeoutMs);
      const request = await arrival.promise;
      clearTimeout(timer);
      return request;
    },
    async stop() {
      blocked.resolve();
      await stub.stop();
    },
  };
}
