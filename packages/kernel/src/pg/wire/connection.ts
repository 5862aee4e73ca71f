import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ConnectionError, LargeResultError, PgError } from '../errors.ts';
import { cstringEnd, readCstring, readErrorFields, readParameter } from './backend.ts';
import { cancelSession } from './cancel.ts';
import type { Conninfo } from './conninfo.ts';
import { EmptyTask } from './empty.ts';
import type { Framer } from './framer.ts';
import { terminate } from './frontend.ts';
import type { ResultMemory } from './resultMemory.ts';
import type { Session } from './session.ts';
import { StatementCache } from './statements.ts';
import type { Task, Wire } from './task.ts';
import { StatementWeights } from './weights.ts';
import { Writer } from './writer.ts';

/** A cancelled statement that does not end within this time takes its connection with it. */
const cancelPatienceMs = 10_000;

/** Each other connection of a pool, too, may have been left to end. What keeps meeting such ones fails in the end. */
const maxResends = 20;

/** Whom a connection tells what happens to it. */
export interface ConnectionOwner {
  /** A task ended and the connection can take another one. */
  released(connection: Connection): void;
  /** The connection is gone; its tasks were failed already, but for those that the server has certainly not begun. Called once. */
  closed(connection: Connection, error: Error, unbegun: readonly Task[]): void;
  notified?(channel: string, payload: string): void;
}

export interface ConnectionOptions {
  readonly statementCacheSize: number;
  readonly statementCacheBytes: number;
  /** Of all connections of a pool. */
  readonly statementWeights: StatementWeights;
  /** Of all connections of a pool; null bounds nothing. */
  readonly resultMemory: ResultMemory | null;
  readonly isolated: boolean;
}

/** A connection that prepares nothing by name. */
export const unprepared: ConnectionOptions = {
  statementCacheSize: 0,
  statementCacheBytes: 0,
  statementWeights: new StatementWeights(0),
  resultMemory: null,
  isolated: false,
};

/** An authenticated connection and the tasks under way on it, answered in order. */
export class Connection implements Wire {
  readonly session: Session;
  readonly out = new Writer();
  readonly statements: StatementCache;
  readonly createdAt: number = performance.now();
  idleSince: number = this.createdAt;
  readonly isolated: boolean;
  readonly maxResultBytes: number;
  begins = false;
  /** Nothing was run since it was cleaned altogether. */
  rested = true;
  /** Takes no new tasks and closes when its last one is done. */
  retiring = false;
  /** When it retires; set by its owner. */
  retireAt: number = Number.POSITIVE_INFINITY;
  /** Over this strain it gives way to another one; set by its owner. */
  maxStrainBytes: number = Number.POSITIVE_INFINITY;
  #largeBytes = 0;
  readonly #resultMemory: ResultMemory | null;
  /** Of the row that is arriving, where it is long. */
  #rowBytes = 0;
  #owner: ConnectionOwner;
  readonly #info: Conninfo;
  readonly #socket: Socket;
  readonly #framer: Framer;
  readonly #reuseOutput: boolean;
  readonly #queue: Task[] = [];
  /** How many of the last tasks the server has been sent nothing of. */
  #unsent = 0;
  /** When something was last answered, or the first task came. */
  #progressAt = 0;
  #flushing = false;
  /** `asked`: a cancel request is on its way to the server; `passedOn`: it may still take effect; `settling`: no more behind the next answer. */
  #cancel: 'asked' | 'passedOn' | 'settling' | null = null;
  #closed = false;
  #paused = false;
  #fatal: PgError | null = null;

  constructor(session: Session, info: Conninfo, owner: ConnectionOwner, options: ConnectionOptions) {
    this.session = session;
    this.#info = info;
    this.#owner = owner;
    this.statements = new StatementCache(
      options.statementCacheSize,
      options.statementCacheBytes,
      options.statementWeights,
    );
    this.isolated = options.isolated;
    this.#resultMemory = options.resultMemory;
    this.maxResultBytes = options.resultMemory?.maxBytes ?? Number.POSITIVE_INFINITY;
    this.#socket = session.socket;
    this.#framer = session.framer;
    this.#framer.sink = this;
    this.#reuseOutput = !(session.socket instanceof TLSSocket);
    session.intake.take = (buffer, size, isLent) => {
      try {
        this.#framer.feed(buffer, size, isLent);
      } catch (error) {
        this.destroy(error as Error);
      }
    };
    this.#socket.on('error', (error: Error) => this.#close(error));
    this.#socket.on('close', () => this.#close(new Error('the server closed the connection')));
    this.#socket.resume();
    // It may have broken while nobody listened.
    if (this.#socket.destroyed) setImmediate(() => this.#close(new Error('the connection broke')));
  }

  get pid(): number {
    return this.session.pid;
  }

  /** What its server process may have taken for good, by estimate: it gives back little of what large statements took, and forgets no table. */
  get strainBytes(): number {
    return this.#largeBytes + this.statements.newBytes;
  }

  get serverVersion(): string | undefined {
    return this.session.parameters.get('server_version');
  }

  /** Tasks sent and not yet answered. */
  get depth(): number {
    return this.#queue.length + (this.#cancel ? 1 : 0);
  }

  /** Whether a pipelined task may follow what is under way. Nothing may where a cancel could still hit it. */
  get pipelines(): boolean {
    return this.#cancel === null && (this.#queue.length === 0 || this.#queue[0]!.pipelined);
  }

  /** Whether a large statement is under way; nothing is sent behind it. */
  get isStrained(): boolean {
    return this.#queue.length > 0 && this.#queue[0]!.largeBytes > 0;
  }

  /** Whether its first task has been running for more than `ms`. */
  stalled(now: number, ms: number): boolean {
    return this.#queue.length > 0 && now - this.#progressAt > ms;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get alone(): boolean {
    return this.#queue.length <= 1;
  }

  /** Sends a task, or rejects it when it cannot be encoded; then the connection stays as it was and the answer is false. */
  submit(task: Task): boolean {
    task.wire = this;
    try {
      task.encode(this);
    } catch (error) {
      task.wire = null;
      task.fail(error);
      return false;
    }
    if (this.#queue.length === 0) this.#progressAt = performance.now();
    this.#queue.push(task);
    this.#unsent++;
    this.rested = false;
    if (!this.#flushing) {
      this.#flushing = true;
      scheduleFlush(this);
    }
    return true;
  }

  flush(): void {
    const { out } = this;
    this.#flushing = false;
    if (out.length === 0 || this.#closed) return;
    const pieces = out.pieces();
    if (pieces) {
      this.#socket.cork();
      for (const piece of pieces) this.#socket.write(piece);
      this.#socket.uncork();
      out.abandon();
    } else {
      this.#socket.write(out.view());
      // With nothing left in the stream the kernel has a copy, and the buffer is free again.
      if (this.#reuseOutput && this.#socket.writableLength === 0) out.release();
      else out.abandon();
    }
    // A write that fails at once, as the server has ended the session meanwhile, has handed over no byte.
    if (!this.#socket.errored) this.#unsent = 0;
  }

  /** For the framer. */
  announce(type: number, bytes: number): void {
    // DataRow
    if (type !== 0x44 || this.#resultMemory === null) return;
    this.#resultMemory.take(bytes);
    this.#rowBytes = bytes;
  }

  /** For the framer. */
  message(type: number, buffer: Buffer, start: number, end: number): void {
    if (this.#rowBytes > 0) this.#endRow();
    const task = this.#queue[0];
    switch (type) {
      case 0x5a: // ReadyForQuery
        if (!task) throw new ConnectionError('The server reports ready without having been asked');
        this.#ready(task, buffer[start]!);
        return;
      case 0x53: {
        // ParameterStatus
        const [name, value] = readParameter(buffer, start, end);
        if (this.session.parameters.size < 1000) this.session.parameters.set(name, value);
        return;
      }
      case 0x41: {
        // NotificationResponse
        const stop = cstringEnd(buffer, start + 4, end);
        this.#owner.notified?.(buffer.toString('utf8', start + 4, stop), readCstring(buffer, stop + 1, end));
        return;
      }
      case 0x45: // ErrorResponse
        if (!task || isFatal(buffer, start, end))
          this.#fatal = new PgError(readErrorFields(buffer, start, end));
        task?.message(type, buffer, start, end);
        return;
      case 0x52: // Authentication: never asked for
        throw new ConnectionError('The server sent a message that does not belong here');
      case 0x57: // CopyBothResponse
        if (!task?.copiesBoth)
          throw new ConnectionError('The server sent a message that does not belong here');
        task.message(type, buffer, start, end);
        return;
      case 0x4e: // NoticeResponse
        task?.message(type, buffer, start, end);
        return;
      default:
        if (!task) throw new ConnectionError('The server sent a message without having been asked');
        task.message(type, buffer, start, end);
    }
  }

  #ready(task: Task, status: number): void {
    this.#progressAt = performance.now();
    const outcome = task.ready(status);
    if (outcome === 'more' || this.#closed) return;
    this.#queue.shift();
    this.#largeBytes += task.largeBytes;
    if (outcome === 'again') {
      if (this.submit(task)) return;
    } else {
      task.wire = null;
      // A stream may end while its reader is still behind; the next task must not wait for that.
      if (this.#paused) this.resume();
    }
    if (this.#cancel === null) this.#release();
    else if (this.#cancel === 'passedOn') this.#settleCancel();
  }

  #endRow(): void {
    this.#resultMemory?.release(this.#rowBytes);
    this.#rowBytes = 0;
  }

  #release(): void {
    if (this.#queue.length === 0) this.idleSince = performance.now();
    this.#owner.released(this);
  }

  async drained(): Promise<void> {
    const socket = this.#socket;
    if (this.#closed || !socket.writableNeedDrain) return;
    await new Promise<void>(resolve => {
      const done = (): void => {
        socket.off('drain', done).off('close', done);
        resolve();
      };
      socket.on('drain', done).on('close', done);
    });
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#socket.resume();
  }

  cancel(): void {
    if (this.#cancel || this.#closed) return;
    this.#cancel = 'asked';
    cancelSession(this.session, this.#info).then(
      () => {
        if (this.#closed) return;
        this.#cancel = 'passedOn';
        if (this.#queue.length === 0) return this.#settleCancel();
        // The cancelled statement is still winding up; it must not take for ever.
        const task = this.#queue[0];
        const patience = setTimeout(() => {
          if (this.#queue[0] === task) this.destroy(new ConnectionError('A cancelled statement did not end'));
        }, cancelPatienceMs);
        patience.unref();
      },
      error => this.destroy(error as Error),
    );
  }

  /**
   * The server has signalled its process by now. Of a signal that comes between commands nothing remains once the next one
   * is read, so an empty round trip takes it, and no exchange is hit by a cancel that was meant for another.
   */
  #settleCancel(): void {
    this.#cancel = 'settling';
    this.submit(
      new EmptyTask(() => {
        this.#cancel = null;
      }),
    );
  }

  /** Says goodbye and closes; tasks under way are failed. */
  end(): void {
    if (this.#closed) return;
    this.#socket.end(terminate);
    const timer = setTimeout(() => this.#socket.destroy(), 1000);
    this.#socket.once('close', () => clearTimeout(timer));
    this.#socket.resume();
    this.#close(new ConnectionError('The connection was closed by the pool'));
  }

  destroy(error: Error): void {
    this.#socket.destroy();
    this.#close(error);
  }

  #close(error: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#endRow();
    const cause = this.#fatal;
    const failure = cause
      ? new ConnectionError(`The server ended the connection: ${cause.message}`, { cause })
      : error instanceof ConnectionError
        ? error
        : new ConnectionError(`The connection to PostgreSQL broke: ${error.message}`, { cause: error });
    const isLarge = error instanceof LargeResultError;
    const unbegun: Task[] = [];
    const sent = this.#queue.length - this.#unsent;
    for (const [place, task] of this.#queue.splice(0).entries()) {
      task.wire = null;
      // A server that says why it ends the session, or was in the midst of a row, has read nothing behind what it was at.
      const isUnbegun =
        place >= sent || (isLarge && place > 0) || (cause !== null && (place > 0 || !task.begun));
      if (isUnbegun && task.resends < maxResends && !task.settled) unbegun.push(task);
      else if (isLarge && place === 0) task.fail(error);
      else task.broken(failure, task.error);
    }
    this.#owner.closed(this, failure, unbegun);
  }
}

/**
 * Connections with something to send. All are flushed once the event loop has handled everything that came in together:
 * what a pipelined connection gathered meanwhile goes into one write, and on the others the system calls, each of which may
 * hand the core to a backend, no longer interrupt the reading of requests (measured: up to 10 % more exchanges).
 */
let dirty: Connection[] = [];

function scheduleFlush(connection: Connection): void {
  if (dirty.length === 0) setImmediate(flushDirty);
  dirty.push(connection);
}

function flushDirty(): void {
  const connections = dirty;
  dirty = [];
  for (const connection of connections) connection.flush();
}

/** FATAL and PANIC end the connection. The unlocalised severity comes second, localised ones are told apart by it. */
function isFatal(buffer: Buffer, start: number, end: number): boolean {
  const { severity } = readErrorFields(buffer, start, end);
  return severity === 'FATAL' || severity === 'PANIC';
}
