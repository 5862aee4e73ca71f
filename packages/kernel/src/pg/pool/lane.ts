import { availableParallelism } from 'node:os';
import { PoolTimeoutError } from '../errors.ts';
import type { Connection } from '../wire/connection.ts';
import type { Task } from '../wire/task.ts';
import { WaitingQueue } from './waiting.ts';

/** Behind a statement that takes longer than this nothing more is sent: it waits for whichever connection is free first. */
const stallMs = 20;

/** Large statements under way at once, each of which takes a core for as long as it is planned: some are left for the others. */
const maxLarge = Math.max(1, Math.min(4, availableParallelism() >> 1));

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
  readonly #waiting = new WaitingQueue();
  /** Those with large statements, behind which no others wait. */
  readonly #waitingLarge = new WaitingQueue();
  readonly #host: LaneHost;
  #timer: NodeJS.Timeout | null = null;

  constructor(host: LaneHost, max: number, depth: number) {
    this.#host = host;
    this.max = max;
    this.depth = depth;
  }

  get waitingTasks(): number {
    return this.#waiting.size + this.#waitingLarge.size;
  }

  get hasWaiting(): boolean {
    return this.#waiting.peek() !== null || this.#waitingLarge.peek() !== null;
  }

  submit(task: Task): void {
    const isLarge = task.largeBytes > 0;
    const queue = isLarge ? this.#waitingLarge : this.#waiting;
    const mustWait = queue.size > 0 || (isLarge && !this.#takesLarge());
    const connection = mustWait ? null : task.pipelined ? this.#leastLoaded() : this.#idle();
    if (connection) {
      const busy = connection.depth > 0;
      connection.submit(task);
      // A connection with work still takes more, but a further one would share the load.
      if (busy && this.opening === 0 && this.connections.length < this.#host.width(this)) this.#grow();
      return;
    }
    if (this.waitingTasks >= this.#host.maxWaiting) {
      task.fail(new PoolTimeoutError(`${this.waitingTasks} exchanges already wait for a connection`));
      return;
    }
    task.since = performance.now();
    task.deadline = task.since + this.#host.acquireTimeoutMs;
    queue.push(task);
    this.#arm();
    if (this.opening < this.#ready) this.#grow();
  }

  /** Hands waiting tasks to `connection` as far as it takes them. */
  serve(connection: Connection): void {
    while (!connection.retiring && !connection.isClosed) {
      const queue = this.#next();
      const task = queue?.peek();
      if (!queue || !task) return;
      const takes = connection.depth === 0 || (task.pipelined && this.#follows(connection));
      if (!takes) return;
      queue.shift();
      connection.submit(task);
    }
  }

  /** Gives waiting tasks what is idle, and opens what more they need. */
  replenish(): void {
    if (!this.hasWaiting) return;
    for (const connection of this.connections) if (connection.depth === 0) this.serve(connection);
    if (this.#next() && this.opening < this.#ready) this.#grow();
  }

  /** Rejects everything that waits. */
  rejectWaiting(error: Error): void {
    for (const queue of [this.#waiting, this.#waitingLarge])
      for (let task = queue.shift(); task; task = queue.shift()) task.fail(error);
  }

  /** How many waiting tasks more connections would help. */
  get #ready(): number {
    return this.#waiting.size + (this.#takesLarge() ? Math.min(this.#waitingLarge.size, maxLarge) : 0);
  }

  #takesLarge(): boolean {
    let large = 0;
    for (const connection of this.connections) if (connection.isStrained) large++;
    return large < maxLarge;
  }

  /** The queue of whoever has waited longest of those that may go on. */
  #next(): WaitingQueue | null {
    const task = this.#waiting.peek();
    const large = this.#waitingLarge.peek();
    if (large && (!task || large.since < task.since) && this.#takesLarge()) return this.#waitingLarge;
    return task ? this.#waiting : null;
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
    const now = performance.now();
    let best: Connection | null = null;
    let left = this.#host.width(this);
    for (const connection of this.connections) {
      if (connection.retiring || !connection.pipelines || connection.stalled(now, stallMs)) continue;
      if (connection.depth < (best?.depth ?? this.depth)) best = connection;
      if (--left === 0) break;
    }
    return best;
  }

  /** All tasks wait equally long, so watching the first ones is enough. */
  #arm(): void {
    if (this.#timer) return;
    const deadlines = [this.#waiting, this.#waitingLarge].flatMap(queue => queue.peek()?.deadline ?? []);
    if (deadlines.length === 0) return;
    this.#timer = setTimeout(() => this.#expire(), Math.max(1, Math.min(...deadlines) - performance.now()));
  }

  #expire(): void {
    this.#timer = null;
    const now = performance.now();
    for (const queue of [this.#waiting, this.#waitingLarge]) {
      for (let task = queue.peek(); task && task.deadline <= now; task = queue.peek()) {
        queue.shift();
        const waitedMs = Math.round(now - task.since);
        this.#host.timedOut(waitedMs, this.waitingTasks);
        task.fail(new PoolTimeoutError(`No connection became free within ${waitedMs} ms`));
      }
    }
    this.#arm();
  }
}
