import { PoolTimeoutError } from '../errors.ts';
import type { Connection } from '../wire/connection.ts';
import type { Task } from '../wire/task.ts';
import { WaitingQueue } from './waiting.ts';

/** Behind a statement that takes longer than this nothing more is sent: it waits for whichever connection is free first. */
const stallMs = 20;

/** What a lane asks of its pool. */
export interface LaneHost {
  readonly acquireTimeoutMs: number;
  readonly maxWaiting: number;
  /** Starts opening one connection for the lane, unless the server is known to be away. */
  open(lane: Lane): void;
  timedOut(waitedMs: number, waiting: number): void;
  /** How many of the lane's connections pipelined tasks are spread over. */
  width(lane: Lane): number;
}

/** Connections of one kind, at most `max`, and the tasks that wait for them. */
export class Lane {
  readonly connections: Connection[] = [];
  readonly max: number;
  /** Pipelined tasks under way on one connection. Others have one to themselves. */
  readonly depth: number;
  /** Connections being opened. */
  opening = 0;
  readonly waiting = new WaitingQueue();
  readonly #host: LaneHost;
  #timer: NodeJS.Timeout | null = null;

  constructor(host: LaneHost, max: number, depth: number) {
    this.#host = host;
    this.max = max;
    this.depth = depth;
  }

  submit(task: Task): void {
    const connection = this.waiting.size > 0 ? null : task.pipelined ? this.#leastLoaded() : this.#idle();
    if (connection) {
      const busy = connection.depth > 0;
      connection.submit(task);
      // A connection with work still takes more, but a further one would share the load.
      if (busy && this.opening === 0 && this.connections.length < this.#host.width(this)) this.#grow();
      return;
    }
    if (this.waiting.size >= this.#host.maxWaiting) {
      task.fail(new PoolTimeoutError(`${this.waiting.size} exchanges already wait for a connection`));
      return;
    }
    task.since = Date.now();
    task.deadline = task.since + this.#host.acquireTimeoutMs;
    this.waiting.push(task);
    this.#arm();
    if (this.opening < this.waiting.size) this.#grow();
  }

  /** Hands waiting tasks to `connection` as far as it takes them. */
  serve(connection: Connection): void {
    while (!connection.retiring && !connection.isClosed) {
      const task = this.waiting.peek();
      if (!task) return;
      const takes = connection.depth === 0 || (task.pipelined && this.#follows(connection));
      if (!takes) return;
      this.waiting.shift();
      connection.submit(task);
    }
  }

  /** Opens what the waiting tasks need. */
  replenish(): void {
    if (this.waiting.peek() && this.opening < this.waiting.size) this.#grow();
  }

  /** Rejects everything that waits. */
  rejectWaiting(error: Error): void {
    for (let task = this.waiting.shift(); task; task = this.waiting.shift()) task.fail(error);
  }

  stopTimer(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #grow(): void {
    if (this.connections.length + this.opening < this.max) this.#host.open(this);
  }

  #follows(connection: Connection): boolean {
    return connection.depth < this.depth && connection.pipelines;
  }

  #idle(): Connection | null {
    return this.connections.findLast(connection => connection.depth === 0 && !connection.retiring) ?? null;
  }

  /** Of the connections that move, as many as the host wants to use: the least loaded one. */
  #leastLoaded(): Connection | null {
    const now = Date.now();
    let best: Connection | null = null;
    let left = this.#host.width(this);
    for (const connection of this.connections) {
      if (connection.retiring || !connection.pipelines || connection.stalled(now, stallMs)) continue;
      if (connection.depth < (best?.depth ?? this.depth)) best = connection;
      if (--left === 0) break;
    }
    return best;
  }

  /** All tasks wait equally long, so watching the first one is enough. */
  #arm(): void {
    if (this.#timer) return;
    const first = this.waiting.peek();
    if (!first) return;
    this.#timer = setTimeout(() => this.#expire(), Math.max(1, first.deadline - Date.now()));
  }

  #expire(): void {
    this.#timer = null;
    const now = Date.now();
    for (let task = this.waiting.peek(); task && task.deadline <= now; task = this.waiting.peek()) {
      this.waiting.shift();
      const waitedMs = now - task.since;
      this.#host.timedOut(waitedMs, this.waiting.size);
      task.fail(new PoolTimeoutError(`No connection became free within ${waitedMs} ms`));
    }
    this.#arm();
  }
}
