import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { moduleBeside } from '@peakstone/kernel/beside';
import type { Listener } from '@peakstone/kernel/http';
import { memoryEnv, memoryFlags } from '@peakstone/kernel/memory';
import type { Health } from '@peakstone/kernel/service';
import { settleWithin } from '@peakstone/kernel/service';
import { StackError, type StackErrorCode } from '../../project/errors.ts';
import type { ProcessLimits } from '../../services/local.ts';
import type { FromServices, Method, SentContext, SentOutcome, ToServices } from './protocol.ts';

export interface ProcessOptions {
  /** As logs and reasons name it. */
  readonly name: string;
  readonly limits: ProcessLimits;
  /** Modules to load at once, before anything is started. */
  readonly modules: readonly string[];
  /** What it prints: what Node says when it dies. */
  readonly onLine: (line: string) => void;
  /** A process was begun, or has ended. */
  readonly onChange: () => void;
  /** How a service is that runs elsewhere. */
  readonly health: (service: string) => Promise<Health>;
}

export interface RemoteEvents {
  step(text: string): void;
  crashed(): void;
}

/** How long a service in it may take to drain before the process is ended with it. */
const stopMs = 12_000;
/** How long a start may take before its process counts as hung. */
const startMs = 120_000;
/** How long an empty process may take to end. */
const endMs = 2000;

/** One life of a process of services, and the channel to it. */
export class ServicesChild {
  readonly pid: number;
  readonly ended: Promise<string>;
  droppedLogLines = 0;
  readonly #child: ChildProcess;
  readonly #options: ProcessOptions;
  readonly #waiting = new Map<number, (outcome: SentOutcome) => void>();
  readonly #events = new Map<string, RemoteEvents>();
  #lastId = 0;
  #lastWords = '';
  /** Why it was ended from here. */
  #verdict: string | null = null;
  #hasEnded = false;

  constructor(options: ProcessOptions) {
    this.#options = options;
    const { limits, modules } = options;
    const cache = getCompileCacheDir();
    this.#child = spawn(
      process.execPath,
      [
        ...memoryFlags,
        ...(limits.heapMb === undefined ? [] : [`--max-old-space-size=${limits.heapMb}`]),
        fileURLToPath(moduleBeside(import.meta.url, './services')),
        ...modules,
      ],
      {
        // Ctrl-C in the terminal must reach the supervisor alone, which drains.
        detached: true,
        env: { ...memoryEnv(process.env), ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }) },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      },
    );
    this.pid = this.#child.pid ?? 0;
    this.ended = new Promise(resolve => {
      const end = (reason: string): void => {
        if (this.#hasEnded) return;
        this.#hasEnded = true;
        for (const answer of this.#waiting.values()) answer({ ok: false, message: reason });
        this.#waiting.clear();
        resolve(reason);
      };
      this.#child.once('error', error => end(`its process cannot be started: ${error.message}`));
      this.#child.once('exit', (code, signal) => {
        // The process's last lines usually give the reason. Processes that it started itself may hold its pipes open, hence the limit.
        const said = new Promise(closed => this.#child.once('close', closed));
        Promise.race([said, sleep(200)]).then(() => end(this.#describeEnd(code, signal)));
      });
    });
    this.#child.on('message', (message: FromServices) => this.#hear(message));
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      createInterface({ input: stream }).on('line', line => {
        if (/^\w*Error\b|^FATAL ERROR/.test(line)) this.#lastWords = line;
        options.onLine(line);
      });
    this.#limit(limits);
  }

  async start(
    service: string,
    module: string,
    context: SentContext,
    signal: AbortSignal,
    events: RemoteEvents,
    listener: Listener | null,
  ): Promise<void> {
    this.#events.set(service, events);
    const id = ++this.#lastId;
    const abort = (): void => this.#say({ kind: 'abort', service });
    signal.addEventListener('abort', abort, { once: true });
    try {
      const outcome = await settleWithin(
        this.#ask({ kind: 'start', id, service, module, context }, id, listener),
        startMs,
      );
      if (outcome.kind === 'late') this.kill(`${service} did not start within ${startMs / 1000} s`);
      assertOk(
        outcome.kind === 'done'
          ? outcome.value
          : { ok: false, message: await this.ended, code: 'startFailed' },
      );
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async call(service: string, method: Method): Promise<Health | undefined> {
    const id = ++this.#lastId;
    return assertOk(await this.#ask({ kind: 'call', id, service, method }, id));
  }

  /** Drains a service; one that hangs takes the process with it, as it would keep its port. */
  async stop(service: string): Promise<void> {
    if (this.#hasEnded) return;
    const outcome = await settleWithin(this.call(service, 'stop'), stopMs);
    if (outcome.kind === 'late') {
      this.kill(`${service} did not stop within ${stopMs / 1000} s`);
      await this.ended;
    }
    if (outcome.kind === 'failed' && !this.#hasEnded) throw outcome.error;
  }

  async end(): Promise<void> {
    if (this.#hasEnded) return;
    this.#verdict ??= 'the stack stops';
    if (this.#child.connected) this.#child.disconnect();
    const outcome = await settleWithin(this.ended, endMs);
    if (outcome.kind === 'late') this.kill('the stack stops');
    await this.ended;
  }

  kill(verdict: string): void {
    this.#verdict ??= verdict;
    this.#child.kill('SIGKILL');
  }

  #ask(message: ToServices, id: number, listener: Listener | null = null): Promise<SentOutcome> {
    return new Promise(resolve => {
      if (this.#hasEnded) return this.ended.then(reason => resolve({ ok: false, message: reason }));
      this.#waiting.set(id, resolve);
      this.#say(message, listener);
    });
  }

  #say(message: ToServices, listener: Listener | null = null): void {
    // Where the channel has ended, `ended` tells it to whoever waits.
    if (this.#child.connected) this.#child.send(message, listener ?? undefined, () => undefined);
  }

  #hear(message: FromServices): void {
    switch (message.kind) {
      case 'settled':
        this.#waiting.get(message.id)?.(message.outcome);
        this.#waiting.delete(message.id);
        break;
      case 'step':
        this.#events.get(message.service)?.step(message.text);
        break;
      case 'crashed':
        this.#events.get(message.service)?.crashed();
        break;
      case 'ask':
        this.#options
          .health(message.service)
          .catch((error: Error): Health => ({ ok: false, reason: error.message }))
          .then(health => this.#say({ kind: 'answer', id: message.id, health }));
        break;
      case 'state': {
        this.droppedLogLines = message.droppedLogLines;
        const { memoryMb = Number.POSITIVE_INFINITY } = this.#options.limits;
        const takenMb = Math.round(message.memoryBytes / (1024 * 1024));
        if (takenMb > memoryMb) this.kill(`it takes ${takenMb} MB of memory, more than its ${memoryMb}`);
      }
    }
  }

  /** What the system allows is enough: a limit that cannot be set leaves a service that works. */
  #limit({ niceness }: ProcessLimits): void {
    if (this.pid === 0) return;
    try {
      if (niceness !== undefined) setPriority(this.pid, niceness);
      // When memory runs out, the kernel shall end this before the database.
      if (process.platform === 'linux') writeFileSync(`/proc/${this.pid}/oom_score_adj`, '300');
    } catch (error) {
      this.#options.onLine(`limits are not set: ${(error as Error).message}`);
    }
  }

  #describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
    if (this.#verdict !== null) return `its process was ended: ${this.#verdict}`;
    const how = this.#lastWords || (signal === null ? `exit code ${code}` : `signal ${signal}`);
    return `its process (${this.pid}) ended: ${how}`;
  }
}

/** @throws {StackError} */
function assertOk(outcome: SentOutcome): Health | undefined {
  if (outcome.ok) return outcome.health;
  const { message, hint, code } = outcome;
  throw new StackError(
    (code ?? 'startFailed') as StackErrorCode,
    message,
    hint === undefined ? {} : { hint },
  );
}
