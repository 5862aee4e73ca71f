/** One engine: a process that draws pictures, begun when there is something to draw, begun again when it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { moduleBeside } from '@peakstone/kernel/beside';
import { onMessages, sendMessage } from '../engine/frames.ts';
import type { EngineMemory, FromEngine, ToEngine } from '../engine/protocol.ts';
import type { EngineConfig, Job, Picture, ProcessResult } from '../engine/types.ts';
import { ImagesError } from '../errors.ts';
import type { Lease } from '../memory/budget.ts';

export interface EngineOptions {
  readonly config: EngineConfig;
  readonly watermark: Picture | null;
  /** Jobs that libvips works on at once. */
  readonly threads: number;
  /** Of the process; past it, it is ended. */
  readonly maxMemoryBytes: number;
  /** How often it gives memory back to the system. */
  readonly trimIntervalMs: number;
  /** Without a job for that long, it ends. */
  readonly idleMs: number;
  /** Told in words why it ended unasked. */
  readonly onCrash: (reason: string) => void;
}

export interface Drawn {
  readonly result: ProcessResult;
  /** Null: the source as it is. */
  readonly data: Buffer | null;
}

/** The process ended under a job, by itself or for the memory that it took: whose fault that was is not known. */
export class EngineCrash extends Error {
  override readonly name = 'EngineCrash';
  /** What it is where the job was alone. */
  readonly refusal: ImagesError;

  constructor(refusal: ImagesError) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** A job that is told to end and does not within this time takes its process along. */
const graceMs = 2000;
/** It can take a gigabyte in half a second. */
const memoryLookMs = 20;

interface Pending {
  readonly resolve: (drawn: Drawn) => void;
  readonly reject: (error: Error) => void;
  /** Told how much memory the picture takes besides its source. */
  readonly need: (bytes: number) => void;
}

interface Child {
  readonly process: ChildProcess;
  readonly socket: Duplex;
  readonly pending: Map<number, Pending>;
  readonly exited: Promise<void>;
  /** Why we ended it. */
  reason: ImagesError | EngineCrash | null;
}

export class EngineProcess {
  readonly #options: EngineOptions;
  #child: Child | null = null;
  #nextId = 1;
  #stopped = false;
  #idle: NodeJS.Timeout | null = null;
  #memory: EngineMemory = { used: 0, most: 0, allocations: 0 };

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.process.pid;
  }

  get memory(): EngineMemory {
    return this.#memory;
  }

  /**
   * Draws a picture.
   * @param lease holds the source already
   * @param signal ends it; its reason is what is thrown then
   * @throws {ImagesError} what the engine says. @throws {EngineCrash} it ended
   */
  async run(job: Job, data: Buffer, lease: Lease, signal: AbortSignal): Promise<Drawn> {
    signal.throwIfAborted();
    if (this.#stopped) throw new ImagesError('internal', 'The service is stopping.');
    const child = this.#begun();
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<Drawn>();
    // A refusal may come before all of the source is sent, when nobody waits for it yet.
    promise.catch(() => undefined);
    const held = lease.bytes;
    const need = (bytes: number): void => {
      lease.hold(held + bytes, signal).then(
        () => void this.#send(child, { kind: 'grant', id }),
        error => {
          reject(error as Error);
          void this.#send(child, { kind: 'cancel', id });
        },
      );
    };
    child.pending.set(id, { resolve, reject, need });
    let grace: NodeJS.Timeout | null = null;
    const cancel = (): void => {
      void this.#send(child, { kind: 'cancel', id });
      // It is told its own reason; those beside it are drawn again.
      const crash = new EngineCrash(new ImagesError('timeout', 'A picture beside it did not end in time.'));
      grace = setTimeout(() => this.#end(child, crash), graceMs);
    };
    signal.addEventListener('abort', cancel, { once: true });
    try {
      await this.#send(child, { kind: 'job', id, job }, data);
      return await promise;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw error;
    } finally {
      signal.removeEventListener('abort', cancel);
      if (grace !== null) clearTimeout(grace);
      child.pending.delete(id);
      this.#rest(child);
    }
  }

  /** Ends the process, and whatever it still does. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#idle !== null) clearTimeout(this.#idle);
    const child = this.#child;
    if (child === null) return;
    this.#end(child, new ImagesError('internal', 'The service is stopping.'));
    await child.exited;
  }

  #send(child: Child, message: ToEngine, data: Buffer = Buffer.alloc(0)): Promise<void> {
    return child.socket.destroyed ? Promise.resolve() : sendMessage(child.socket, message, data);
  }

  #begun(): Child {
    if (this.#child !== null) return this.#child;
    const { threads, config, watermark, trimIntervalMs } = this.#options;
    const program = fileURLToPath(moduleBeside(import.meta.url, '../engine/main'));
    const spawned = spawn(process.execPath, ['--max-old-space-size=128', program], {
      // Nothing of the service's own settings, which hold its secrets.
      env: {
        PATH: process.env.PATH,
        UV_THREADPOOL_SIZE: String(threads + 2),
        MALLOC_ARENA_MAX: '2',
        VIPS_WARNING: '1',
        VIPS_NOVECTOR: process.env.VIPS_NOVECTOR,
      },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    const socket = spawned.stdio[3] as Duplex;
    const { promise: exited, resolve } = Promise.withResolvers<void>();
    const child: Child = { process: spawned, socket, pending: new Map(), exited, reason: null };
    this.#child = child;
    const said = lastWords(spawned);
    onMessages<FromEngine>(socket, ({ header, data }) => this.#receive(child, header, data));
    // What breaks the socket ends the process, and that is told of.
    socket.on('error', () => undefined);
    spawned.on('error', () => undefined);
    spawned.on('close', (code, signal) => {
      this.#lose(child, `${signal ?? `code ${code}`}${said()}`);
      resolve();
    });
    const begin: ToEngine = {
      kind: 'begin',
      config,
      watermark: watermark?.format ?? null,
      trimIntervalMs,
    };
    void this.#send(child, begin, watermark?.data);
    this.#watchMemory(child);
    return child;
  }

  #receive(child: Child, message: FromEngine, data: Buffer): void {
    if (message.kind === 'memory') this.#memory = message.memory;
    if (message.kind !== 'reply' && message.kind !== 'need') return;
    const pending = child.pending.get(message.id);
    if (message.kind === 'need') {
      pending?.need(message.bytes);
      return;
    }
    const { reply } = message;
    if (reply.ok) pending?.resolve({ result: reply.result, data: message.unchanged ? null : data });
    else pending?.reject(new ImagesError(reply.refusal, reply.message));
  }

  #end(child: Child, reason: ImagesError | EngineCrash): void {
    child.reason ??= reason;
    child.process.kill('SIGKILL');
  }

  #lose(child: Child, how: string): void {
    if (this.#child === child) this.#child = null;
    this.#memory = { ...this.#memory, used: 0, allocations: 0 };
    if (child.reason === null && child.pending.size > 0) this.#options.onCrash(how);
    const error = child.reason ?? new EngineCrash(new ImagesError('internal', `The engine ended: ${how}`));
    for (const { reject } of child.pending.values()) reject(error);
    child.pending.clear();
  }

  /** A process without work is not kept for ever: it holds more memory than it needs to begin. */
  #rest(child: Child): void {
    if (child !== this.#child || child.pending.size > 0 || this.#stopped) return;
    this.#idle = setTimeout(() => {
      if (this.#child === child && child.pending.size === 0) {
        this.#child = null;
        child.socket.end();
      }
    }, this.#options.idleMs).unref();
  }

  /** No picture is worth the machine: past its limit the process ends, and all that it draws is refused. */
  #watchMemory(child: Child): void {
    if (process.platform !== 'linux') return;
    const { pid } = child.process;
    const timer = setInterval(() => {
      if (child.pending.size > 0 && anonymousBytes(pid) > this.#options.maxMemoryBytes) {
        const refusal = new ImagesError('resolution', 'The picture took more memory than it may.');
        this.#end(child, new EngineCrash(refusal));
      }
    }, memoryLookMs).unref();
    void child.exited.then(() => clearInterval(timer));
  }
}

/** The end of what it wrote before it ended. */
function lastWords(spawned: ChildProcess): () => string {
  let text = '';
  spawned.stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-2000);
  });
  return () => (text === '' ? '' : `: ${text.trim()}`);
}

/** Memory of its own: files that it only reads are the system's. */
function anonymousBytes(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    // It has just ended, and its jobs are told so.
    return 0;
  }
}
