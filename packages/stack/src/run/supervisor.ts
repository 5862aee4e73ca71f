import { settleWithin } from '@peakstone/kernel/service';
import { StackError } from '../project/errors.ts';
import type { RunningService } from '../services/local.ts';
import type { OnStackEvent } from './events.ts';
import { LoopLag } from './lag.ts';
import {
  forgiveMs,
  lateLookMs,
  leastIllLooks,
  maxEndBackoffMs,
  type Patience,
  readinessMs,
  usualPatience,
} from './patience.ts';
import type { ServiceStatus } from './status.ts';
import {
  becomeHealthy,
  beforeOf,
  dependentsOf,
  type Entry,
  healthOf,
  inOrderOfNeed,
  isOurs,
  newEntry,
  statusOf,
  type Unit,
} from './unit.ts';

export interface SupervisorOptions extends Partial<Patience> {
  readonly onEvent: OnStackEvent;
}

/** Starts units in the order of their needs, keeps them running, stops them in reverse. Owns everything it started. */
export class Supervisor {
  readonly #entries: Map<string, Entry>;
  readonly #options: Patience & SupervisorOptions;
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;

  constructor(units: readonly Unit[], options: SupervisorOptions) {
    this.#options = { ...usualPatience, ...options };
    this.#entries = new Map(units.map(unit => [unit.name, newEntry(unit)]));
    for (const unit of units) {
      const missing = beforeOf(unit).find(name => !this.#entries.has(name));
      if (missing)
        throw new StackError('config', `${unit.name} needs ${missing}, which is not part of the stack.`);
    }
  }

  /**
   * Starts every unit as soon as what it needs is healthy, then watches them.
   * @throws {StackError} `startFailed` or `aborted`, after everything started has been stopped.
   */
  async start(signal: AbortSignal): Promise<void> {
    const abort = (): void => this.#abort.abort();
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    const starts = new Map<string, Promise<void>>();
    const startOf = (entry: Entry): Promise<void> => {
      let started = starts.get(entry.unit.name);
      if (!started) {
        started = Promise.all(beforeOf(entry.unit).map(name => startOf(this.#entries.get(name)!))).then(() =>
          this.#exclusively(entry, () => this.#startUnit(entry)),
        );
        starts.set(entry.unit.name, started);
      }
      return started;
    };
    try {
      await Promise.all([...this.#entries.values()].map(startOf));
    } catch (error) {
      this.#abort.abort();
      await Promise.allSettled(starts.values());
      await this.stop();
      if (signal.aborted)
        throw new StackError('aborted', 'The start was interrupted; everything is stopped again.');
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
    this.#watch();
  }

  /** As last seen by the watch; costs no look at the services. */
  statuses(): ServiceStatus[] {
    return [...this.#entries.values()].map(statusOf);
  }

  /** Looks at every service's health now. */
  async check(): Promise<void> {
    if (this.#stopping) return;
    this.#looking ??= this.#lookAround().finally(() => {
      this.#looking = null;
    });
    await this.#looking;
  }

  async #lookAround(): Promise<void> {
    const lag = new LoopLag();
    await Promise.all([...this.#entries.values()].map(entry => this.#look(entry, lag)));
    lag.stop();
  }

  /**
   * Drains one service and starts it again; clients of it wait or get 503 meanwhile. Resolves when what rests on it is well again.
   * @throws {StackError} `unknownService`; `startFailed`
   */
  async restart(name: string): Promise<void> {
    const entry = this.#find(name);
    const missing = entry.unit.needs.map(need => this.#entries.get(need)!).find(({ running }) => !running);
    if (missing)
      throw new StackError(
        'startFailed',
        `${entry.unit.title} needs ${missing.unit.title}, which is ${missing.state}.`,
        { hint: `Nothing was changed. Start that first: peakstone restart ${missing.unit.name}` },
      );
    entry.held = false;
    entry.restartsOnRequest += 1;
    const dependents = dependentsOf(this.#entries, entry).filter(({ state }) => state === 'healthy');
    await this.#exclusively(entry, async () => {
      await this.#stopUnit(entry);
      await this.#startUnit(entry);
    });
    await Promise.all(dependents.map(each => this.#awaitWell(each)));
  }

  /** Drains one service and leaves it stopped until it is restarted on request. @throws {StackError} `unknownService` */
  async hold(name: string): Promise<void> {
    const entry = this.#find(name);
    entry.held = true;
    await this.#exclusively(entry, () => {
      entry.unit.release?.();
      return this.#stopUnit(entry);
    });
    entry.reason = 'stopped on request';
  }

  /** Restarts every service: all stop in reverse order of need, then start in order. */
  async restartAll(): Promise<void> {
    const order = inOrderOfNeed(this.#entries);
    for (const entry of order.toReversed()) await this.#exclusively(entry, () => this.#stopUnit(entry));
    for (const entry of order) {
      entry.held = false;
      entry.restartsOnRequest += 1;
      await this.#exclusively(entry, () => this.#startUnit(entry));
    }
  }

  /** Drains and stops everything in reverse order of need, each within `stopMs`. Safe to call twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    this.#abort.abort();
    if (this.#timer) clearTimeout(this.#timer);
    for (const entry of inOrderOfNeed(this.#entries).toReversed()) {
      await settleWithin(entry.busy ?? Promise.resolve(), this.#options.stopMs);
      // First, so that the service itself drains who is in the queue, and nobody else joins it.
      entry.unit.release?.();
      await this.#stopUnit(entry);
    }
  }

  async #startUnit(entry: Entry): Promise<void> {
    const { unit } = entry;
    const { onEvent } = this.#options;
    const began = performance.now();
    entry.state = 'starting';
    entry.elsewhere = false;
    onEvent({ kind: 'starting', service: unit.name });
    try {
      if (this.#abort.signal.aborted) throw new StackError('aborted', 'The stack is stopping.');
      const running = await unit.start(
        this.#abort.signal,
        text => onEvent({ kind: 'step', service: unit.name, text }),
        () => {
          entry.restarts += 1;
        },
      );
      entry.running = running;
      for (const text of running.notices ?? []) onEvent({ kind: 'notice', text });
      running.ended?.then(reason => this.#onEnd(entry, running, reason));
      if (!isOurs(unit)) {
        entry.unhealthySince = performance.now();
        await this.#lookAt(entry, running);
        return;
      }
      await this.#awaitHealthy(entry, running);
      becomeHealthy(entry);
      onEvent({ kind: 'healthy', service: unit.name, durationMs: Math.round(performance.now() - began) });
    } catch (error) {
      if (entry.running) await this.#stopUnit(entry);
      entry.state = 'unhealthy';
      entry.reason = (error as Error).message;
      entry.failures += 1;
      const retryInMs = this.#backoff(entry.failures);
      entry.nextAttemptAt = performance.now() + retryInMs;
      if (this.#abort.signal.aborted) throw error;
      onEvent({
        kind: 'startFailed',
        service: unit.name,
        reason: entry.reason,
        retryInMs: this.#isWatching ? retryInMs : null,
      });
      const hint = (error as { hint?: string }).hint;
      throw new StackError('startFailed', `${unit.title} did not start: ${entry.reason}`, {
        cause: error,
        ...(hint ? { hint } : {}),
      });
    }
  }

  async #awaitHealthy(entry: Entry, running: RunningService): Promise<void> {
    const until = performance.now() + readinessMs;
    for (let waitMs = 10; ; waitMs = Math.min(250, waitMs * 2)) {
      const health = await healthOf(running);
      if (entry.running !== running) throw new StackError('startFailed', entry.reason ?? 'It has ended.');
      if (health.ok) return;
      if (this.#abort.signal.aborted) throw new StackError('aborted', 'The stack is stopping.');
      if (performance.now() > until)
        throw new StackError(
          'startFailed',
          `It is still unhealthy after ${readinessMs / 1000} s: ${health.reason}`,
        );
      await new Promise(resolve => setTimeout(resolve, waitMs));
    }
  }

  /** It recovers by itself; what does not in time is the watch's to mend. */
  async #awaitWell(entry: Entry): Promise<void> {
    const until = performance.now() + readinessMs;
    for (
      let waitMs = 10;
      performance.now() < until && !entry.held && !this.#stopping;
      waitMs = Math.min(250, 2 * waitMs)
    ) {
      if (entry.running) await this.#lookAt(entry, entry.running);
      if (entry.state === 'healthy') return;
      await new Promise(resolve => setTimeout(resolve, waitMs));
    }
  }

  async #stopUnit(entry: Entry): Promise<void> {
    const { unit, running } = entry;
    if (!running) {
      entry.state = 'stopped';
      return;
    }
    const { onEvent, stopMs } = this.#options;
    entry.running = null;
    entry.state = 'stopping';
    onEvent({ kind: 'stopping', service: unit.name });
    const outcome = await settleWithin(running.stop(), stopMs);
    if (outcome.kind === 'late')
      onEvent({
        kind: 'notice',
        text: `${unit.title} did not stop within ${stopMs / 1000} s and was left behind.`,
      });
    if (outcome.kind === 'failed')
      onEvent({ kind: 'notice', text: `${unit.title} did not stop cleanly: ${outcome.error.message}` });
    entry.state = 'stopped';
    onEvent({ kind: 'stopped', service: unit.name });
  }

  /** The first start is over: from then on looks go on, and bring back what does not start. */
  get #isWatching(): boolean {
    return this.#timer !== null;
  }

  #watch(): void {
    if (this.#stopping) return;
    this.#timer = setTimeout(() => {
      this.check().then(() => this.#watch());
    }, this.#options.intervalMs);
  }

  /** One look at one service; starts it again when it was unhealthy for too long while what it needs is well. */
  async #look(entry: Entry, lag: LoopLag): Promise<void> {
    if (entry.busy || entry.held) return;
    if (!entry.running) {
      if (performance.now() >= entry.nextAttemptAt && this.#needsAreHealthy(entry)) this.#recover(entry);
      return;
    }
    await this.#lookAt(entry, entry.running, lag);
  }

  async #lookAt(entry: Entry, running: RunningService, lag?: LoopLag): Promise<void> {
    const health = await healthOf(running);
    if (entry.running !== running || this.#stopping) return;
    // The service's answer may have waited for this process, so that its time was up before it was read.
    if (!health.ok && lag !== undefined && lag.longestMs() > lateLookMs) return;
    const now = performance.now();
    const sinceLastMs = Math.min(now - entry.lastLookAt, 3 * this.#options.intervalMs);
    entry.lastLookAt = now;
    if (health.ok) {
      if (entry.state !== 'healthy') {
        this.#options.onEvent({
          kind: 'healthy',
          service: entry.unit.name,
          durationMs: Math.round(now - entry.unhealthySince),
        });
        becomeHealthy(entry);
      }
      if (now - entry.healthyAt > forgiveMs) entry.failures = 0;
      return;
    }
    if (entry.state === 'healthy') entry.unhealthySince = now;
    // While what it needs is down, or says no to it, it cannot be well; its own time begins after that.
    const { reason, elsewhere = false } = health;
    const counts = !elsewhere && entry.state !== 'healthy' && this.#needsAreHealthy(entry);
    entry.illLooks = counts ? entry.illLooks + 1 : 0;
    entry.illMs = counts ? entry.illMs + sinceLastMs : 0;
    if (entry.reason !== reason)
      this.#options.onEvent({
        kind: 'unhealthy',
        service: entry.unit.name,
        reason,
        ...(elsewhere && { elsewhere }),
      });
    entry.state = 'unhealthy';
    entry.reason = reason;
    entry.elsewhere = elsewhere;
    const hopeless =
      entry.illLooks >= leastIllLooks &&
      entry.illMs >= this.#options.patienceMs &&
      now >= entry.nextAttemptAt;
    if (hopeless && isOurs(entry.unit) && !entry.unit.mendsItself) this.#recover(entry);
  }

  /** Its process is gone, and with it what there would be to stop. */
  #onEnd(entry: Entry, running: RunningService, reason: string): void {
    if (entry.running !== running || this.#stopping) return;
    entry.running = null;
    entry.state = 'unhealthy';
    entry.reason = reason;
    entry.elsewhere = false;
    entry.unhealthySince = performance.now();
    entry.nextAttemptAt = Math.min(entry.nextAttemptAt, performance.now() + maxEndBackoffMs);
    this.#options.onEvent({ kind: 'unhealthy', service: entry.unit.name, reason });
    // A start, stop or restart under way notices the end itself; a service that ends again and again waits for its next attempt.
    if (!entry.busy) void this.check();
  }

  /** Not waited for: a start may take long, and a look at the other services must not. */
  #recover(entry: Entry): void {
    entry.restarts += 1;
    this.#options.onEvent({ kind: 'restarting', service: entry.unit.name, attempt: entry.failures + 1 });
    void this.#exclusively(entry, async () => {
      if (entry.running) await this.#stopUnit(entry);
      // A failure is in the entry's reason and in the events; the next attempt is due after the back-off.
      await this.#startUnit(entry).catch(() => undefined);
      if (entry.state === 'healthy')
        entry.nextAttemptAt = performance.now() + this.#backoff(++entry.failures);
      // Services that need this one start without waiting for the next look.
      void this.check();
    });
  }

  #backoff(failures: number): number {
    return Math.min(
      this.#options.maxBackoffMs,
      this.#options.backoffMs * 2 ** Math.min(16, Math.max(0, failures - 1)),
    );
  }

  #needsAreHealthy(entry: Entry): boolean {
    return entry.unit.needs.every(need => this.#entries.get(need)!.state === 'healthy');
  }

  /** Runs `act` when nothing else is under way with this unit. */
  async #exclusively(entry: Entry, act: () => Promise<void>): Promise<void> {
    while (entry.busy) await entry.busy;
    const work = act().finally(() => {
      entry.busy = null;
    });
    // The next in line waits for the end of this work, well or not; its failure is the caller's to handle.
    entry.busy = work.catch(() => undefined);
    await work;
  }

  #find(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry) return entry;
    throw new StackError('unknownService', `There is no service '${name}'.`, {
      hint: `It is one of: ${[...this.#entries.keys()].join(', ')}.`,
    });
  }
}
