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
}

/** Connections of one kind, at most `max`, each with at most `depth` tasks under way, and the tasks that wait for them. */
export class Lane {
  readonly shared: boolean;
  readonly connections: Connection[] = [];
  max: number;
  depth: number;
  /** Connections being opened. */
  opening = 0;
  readonly waiting = new WaitingQueue();
  readonly #host: LaneHost;
  #timer: NodeJS.Timeout | null = null;

  constructor(host: LaneHost, shared: boolean, max: number, depth: number) {
    this.#host = host;
    this.shared = shared;
    this.max = max;
    this.depth = depth;
  }

  submit(task: Task): void {
    const connection = this.waiting.size === 0 ? this.#pick() : null;
    if (connection) {
      const busy = connection.depth > 0;
      connection.submit(task);
      // A shared connection with work still takes more, but a further one would share the load.
      if (busy && this.opening === 0) this.#grow();
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

  /** Whether a task would be taken at once, or by a connection that may still be opened. */
  hasRoom(): boolean {
    if (this.waiting.size > 0) return false;
    return this.#pick() !== null || this.connections.length + this.opening < this.max;
  }

  /** Hands waiting tasks to `connection` as far as it takes them. */
  serve(connection: Connection): void {
    while (connection.depth < this.depth && !connection.retiring && !connection.isClosed) {
      const task = this.waiting.shift();
      if (!task) return;
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

  /** The least loaded connection that takes another task; of idle ones the last used, whose caches are warm. */
  #pick(): Connection | null {
    let best: Connection | null = null;
    let bestDepth = this.depth;
    const now = this.shared ? Date.now() : 0;
    for (let i = this.connections.length - 1; i >= 0; i--) {
      const connection = this.connections[i]!;
      const { depth } = connection;
      if (depth >= bestDepth || connection.retiring) continue;
      if (depth === 0 && !this.shared) return connection;
      if (connection.stalled(now, stallMs)) continue;
      best = connection;
      bestDepth = depth;
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
