import { ConnectionError } from '../errors.ts';
import type {
  Cell,
  Exchange,
  Pool,
  PoolEvent,
  PoolOptions,
  PoolStats,
  Result,
  ScriptWatch,
  SqlValue,
} from '../types.ts';
import { Connection, type ConnectionOwner } from '../wire/connection.ts';
import { type Conninfo, parseConninfo } from '../wire/conninfo.ts';
import { ExchangeTask } from '../wire/exchange.ts';
import { ResultMemory } from '../wire/resultMemory.ts';
import { ScriptTask } from '../wire/script.ts';
import { openSession } from '../wire/session.ts';
import type { Task } from '../wire/task.ts';
import { StatementWeights } from '../wire/weights.ts';
import { Answers } from './answers.ts';
import { Backoff } from './backoff.ts';
import { Janitor } from './janitor.ts';
import { Lane, type LaneHost } from './lane.ts';
import { asLarge } from './largeAnswers.ts';
import { type PoolLimits, resolveLimits } from './options.ts';
import { SpareTime } from './spareTime.ts';
import { createRowSource } from './stream.ts';

/**
 * A pool of connections to one database, opened on demand.
 *
 * While the server is away exchanges are refused at once with ConnectionError, and attempts to connect go on in the
 * background, so that service resumes by itself.
 * @throws {ConnectionError} when `url` is malformed. @throws {RangeError} when a limit is.
 * @example
 * const pool = createPool({ url: 'postgres://app@localhost/app' });
 * const { rows } = await pool.query('select $1::int + 1', ['41']);
 */
export function createPool(options: PoolOptions): Pool {
  return new ConnectionPool(options);
}

/** Short writes under way on one connection: few, as one that waits for a lock holds up those behind it. */
const writeDepth = 4;
/** Connections that short writes are spread over when processing time is what is short. */
const writeWidth = 12;

/** Of the bytes that a connection keeps statements in: what takes more is heavy, so that a few do not displace all others. */
const heavyShare = 0.25;

const noValues: readonly SqlValue[] = [];

class ConnectionPool implements Pool, LaneHost, ConnectionOwner {
  readonly #options: PoolOptions;
  readonly #limits: PoolLimits;
  readonly #info: Conninfo;
  #generation = 0;
  readonly #own: Lane;
  readonly #shared: Lane;
  readonly #lanes: readonly Lane[];
  readonly #laneOf = new Map<Connection, Lane>();
  readonly #backoff = new Backoff();
  readonly #aborter = new AbortController();
  readonly #spareTime = new SpareTime();
  readonly #statementWeights: StatementWeights;
  readonly #resultMemory: ResultMemory | null;
  readonly #answers: Answers;
  readonly #janitor: Janitor | null;
  readonly #sweeper: NodeJS.Timeout;
  #retryTimer: NodeJS.Timeout | null = null;
  #timeouts = 0;
  #unreachable: Error | null = null;
  #closing: Promise<void> | null = null;
  #drained: (() => void) | null = null;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#limits = resolveLimits(options);
    this.#info = parseConninfo(options.url);
    const { size, sharedSize, pipelineDepth } = this.#limits;
    this.#own = new Lane(this, size - sharedSize, writeDepth);
    this.#shared = new Lane(this, sharedSize, pipelineDepth);
    this.#lanes = [this.#own, this.#shared];
    this.#statementWeights = new StatementWeights(this.#limits.statementCacheBytes * heavyShare);
    const { maxResultBytes } = options;
    this.#resultMemory = maxResultBytes === undefined ? null : new ResultMemory(maxResultBytes);
    this.#answers = new Answers(maxResultBytes, this.#limits.acquireTimeoutMs);
    this.#sweeper = this.#startSweeper();
    this.#janitor = options.isolated
      ? new Janitor(
          () => this.#connections,
          connection => this.#retire(connection),
        )
      : null;
  }

  exchange(exchange: Exchange): Promise<readonly Result[]> {
    return this.#answers.run(exchange, each => this.#run(each));
  }

  #run(exchange: Exchange): Promise<readonly Result[]> {
    return new Promise((resolve, reject) => {
      const task = new ExchangeTask(exchange, resolve, reject);
      if (exchange.signal) task.watch(exchange.signal);
      if (task.largeBytes === 0) task.largeBytes = this.#statementWeights.strainBytes(exchange);
      const shares = exchange.lane === 'shared' && this.#shared.max > 0;
      task.pipelined = !exchange.inspect && task.largeBytes === 0 && (shares || exchange.lane === 'write');
      this.#submit(task.pipelined && shares ? this.#shared : this.#own, task);
    });
  }

  async query(text: string, values: readonly SqlValue[] = noValues): Promise<Result> {
    const results = await this.exchange({ statements: [{ text, values }] });
    return results[0]!;
  }

  script(text: string, watch?: ScriptWatch): Promise<readonly Result[]> {
    return new Promise((resolve, reject) =>
      this.#submit(this.#own, new ScriptTask(text, resolve, reject, watch)),
    );
  }

  async *stream(exchange: Exchange): AsyncGenerator<readonly Cell[], void, undefined> {
    const source = createRowSource(asLarge(exchange));
    const { task } = source;
    if (task.largeBytes === 0) task.largeBytes = this.#statementWeights.strainBytes(exchange);
    if (exchange.signal) task.watch(exchange.signal);
    this.#submit(this.#own, task);
    try {
      for (;;) {
        const { done, value } = await source.next();
        if (done) return;
        yield value;
      }
    } catch (error) {
      throw this.#answers.named(error, exchange);
    } finally {
      source.leave();
    }
  }

  recycle(): void {
    this.#generation++;
    this.#statementWeights.clear();
    this.#backoff.reset();
    this.#stopRetry();
    for (const lane of this.#lanes) {
      for (const connection of [...lane.connections]) this.#retire(connection);
      lane.replenish();
    }
  }

  get stats(): PoolStats {
    const all = this.#connections;
    return {
      size: all.length,
      idle: all.filter(connection => connection.depth === 0).length,
      waiting: this.#lanes.reduce((sum, lane) => sum + lane.waitingTasks, 0),
      timeouts: this.#timeouts,
      unreachable: this.#unreachable,
    };
  }

  close(graceMs = 10_000): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    clearInterval(this.#sweeper);
    this.#janitor?.stop();
    if (!this.#isDrained()) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, graceMs);
        this.#drained = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#stopRetry();
    this.#aborter.abort();
    const error = new ConnectionError('The pool is closed');
    for (const lane of this.#lanes) {
      lane.stopTimer();
      lane.rejectWaiting(error);
      for (const connection of [...lane.connections]) {
        if (connection.depth === 0) connection.end();
        else connection.destroy(error);
      }
    }
  }

  #isDrained(): boolean {
    return this.#lanes.every(
      lane => !lane.hasWaiting && lane.connections.every(connection => connection.depth === 0),
    );
  }

  #submit(lane: Lane, task: Task): void {
    if (task.settled) return;
    if (this.#closing) task.fail(new ConnectionError('The pool is closed'));
    else if (this.#retryTimer && this.#isAway) task.fail(this.#away());
    else lane.submit(task);
  }

  get #connections(): readonly Connection[] {
    return this.#lanes.flatMap(lane => lane.connections);
  }

  /** Neither a connection is open nor may one of those being opened still succeed. */
  get #isAway(): boolean {
    return this.#lanes.every(lane => lane.connections.length + lane.opening === 0);
  }

  #away(): ConnectionError {
    const cause = this.#unreachable;
    return new ConnectionError(cause?.message ?? 'The database is away', cause ? { cause } : {});
  }

  #emit(event: PoolEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch (error) {
      // A listener's bug is not a failed connection: it surfaces as an uncaught exception of its own.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  // What lanes ask.

  get acquireTimeoutMs(): number {
    return this.#limits.acquireTimeoutMs;
  }

  get maxWaiting(): number {
    return this.#limits.maxWaiting;
  }

  timedOut(waitedMs: number, waiting: number): void {
    this.#timeouts++;
    this.#emit({ kind: 'acquireTimeout', waitedMs, waiting });
  }

  width(lane: Lane): number {
    // With time to spare it is commits that are waited for, and PostgreSQL flushes those of many connections together.
    return lane === this.#own && !this.#spareTime.isLeft(performance.now()) ? writeWidth : lane.max;
  }

  open(lane: Lane): void {
    if (this.#retryTimer) return;
    void this.#connect(lane);
  }

  async #connect(lane: Lane): Promise<void> {
    lane.opening++;
    const started = performance.now();
    const generation = this.#generation;
    const info = this.#info;
    try {
      const session = await openSession(info, this.#options.parameters ?? {}, this.#aborter.signal);
      const connection = new Connection(session, info, this, {
        statementCacheSize: this.#limits.statementCacheSize,
        statementCacheBytes: this.#limits.statementCacheBytes,
        statementWeights: this.#statementWeights,
        resultMemory: this.#resultMemory,
        isolated: this.#options.isolated ?? false,
      });
      lane.opening--;
      // Spread, so that connections opened together do not all end together.
      connection.retireAt = connection.createdAt + this.#limits.maxLifetimeMs * (0.9 + 0.1 * Math.random());
      connection.maxStrainBytes = this.#limits.strainBytes * (0.8 + 0.2 * Math.random());
      lane.connections.push(connection);
      this.#laneOf.set(connection, lane);
      this.#backoff.reset();
      this.#stopRetry();
      this.#unreachable = null;
      this.#emit({ kind: 'connected', pid: connection.pid, durationMs: performance.now() - started });
      const { opening } = this.#options;
      // It is busy with that before anything is given to it.
      if (opening !== undefined)
        connection.submit(
          new ScriptTask(
            opening,
            () => undefined,
            error => connection.destroy(error as Error),
          ),
        );
      if (this.#aborter.signal.aborted || generation !== this.#generation) this.#retire(connection);
      lane.serve(connection);
      this.#replenish();
    } catch (error) {
      lane.opening--;
      if (!this.#aborter.signal.aborted) this.#connectFailed(error as Error);
    }
  }

  #connectFailed(error: Error): void {
    this.#unreachable = error;
    if (!this.#retryTimer) {
      const retryInMs = this.#backoff.next();
      this.#retryTimer = setTimeout(() => {
        this.#retryTimer = null;
        this.#reconnect();
      }, retryInMs);
      // An outage alone must not keep a finished process alive.
      this.#retryTimer.unref();
      this.#emit({ kind: 'connectFailed', error, retryInMs });
    }
    if (this.#isAway) {
      for (const lane of this.#lanes) lane.rejectWaiting(this.#away());
      this.#checkDrained();
    }
  }

  #reconnect(): void {
    this.#replenish();
    if (this.#lanes.every(lane => lane.opening === 0) && this.#unreachable) void this.#connect(this.#own);
  }

  #replenish(): void {
    for (const lane of this.#lanes) lane.replenish();
  }

  #stopRetry(): void {
    if (this.#retryTimer) clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
  }

  // What connections tell.

  released(connection: Connection): void {
    const lane = this.#laneOf.get(connection);
    if (connection.strainBytes > connection.maxStrainBytes) connection.retiring = true;
    if (connection.retiring) {
      if (connection.depth === 0) connection.end();
    } else {
      lane?.serve(connection);
      this.#janitor?.watch(connection);
    }
    this.#checkDrained();
  }

  closed(connection: Connection, error: Error, unbegun: readonly Task[]): void {
    const lane = this.#laneOf.get(connection);
    const at = lane?.connections.indexOf(connection) ?? -1;
    if (at >= 0) lane?.connections.splice(at, 1);
    this.#laneOf.delete(connection);
    this.#emit({ kind: 'disconnected', pid: connection.pid, reason: error.message });
    for (const task of unbegun) {
      task.resends++;
      if (lane) this.#submit(lane, task);
      else task.fail(error);
    }
    lane?.replenish();
    this.#checkDrained();
  }

  #checkDrained(): void {
    if (this.#drained && this.#isDrained()) this.#drained();
  }

  #retire(connection: Connection): void {
    connection.retiring = true;
    if (connection.depth === 0) connection.end();
  }

  #startSweeper(): NodeJS.Timeout {
    const { maxIdleMs, maxLifetimeMs } = this.#limits;
    const everyMs = Math.max(20, Math.min(5_000, maxIdleMs / 2, maxLifetimeMs / 10));
    const timer = setInterval(() => this.#sweep(), everyMs);
    timer.unref();
    return timer;
  }

  #sweep(): void {
    const now = performance.now();
    for (const lane of this.#lanes) {
      // One busy connection of a lane at a time, so that capacity never falls to nothing.
      let retiring = lane.connections.some(connection => connection.retiring);
      for (const connection of [...lane.connections]) {
        const idle = connection.depth === 0;
        if (idle && now - connection.idleSince >= this.#limits.maxIdleMs) this.#retire(connection);
        else if (now >= connection.retireAt && (idle || !retiring)) {
          retiring ||= !idle;
          this.#retire(connection);
        }
      }
    }
  }
}
