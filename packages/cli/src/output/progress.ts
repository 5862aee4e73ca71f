import type { StackEvent } from '@peakstone/stack';
import type { Context } from '../grammar/command.ts';
import { padded } from './grid.ts';
import { printable, printableLine } from './printable.ts';
import { styleFor } from './style.ts';

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** As wide as the titles of what nearly always runs. */
const titleWidth = 13;

/** Tells on standard error what a stack does: one line a finished step, and on a terminal a moving line for the current one. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #style: ReturnType<typeof styleFor>;
  readonly #live: boolean;
  readonly #titles: ReadonlyMap<string, string>;
  readonly #current = new Map<string, string>();
  #timer: NodeJS.Timeout | null = null;
  #frame = 0;
  #drawn = false;

  /** `titles` by service name. */
  constructor(context: Context, titles: ReadonlyMap<string, string>) {
    this.#stream = context.stderr;
    this.#style = styleFor(context.stderr, context.env);
    this.#live = context.stderr.isTTY === true && context.env.TERM !== 'dumb';
    this.#titles = titles;
  }

  /** An arrow function, so that it can be handed on as it is. */
  readonly onEvent = (event: StackEvent): void => {
    const { good, bad, warning } = this.#style;
    switch (event.kind) {
      case 'starting':
        this.#begin(event.service, 'starting');
        break;
      case 'step':
        this.#begin(event.service, event.text);
        // A pipe or a file has no moving line, so long steps are said once.
        if (!this.#live) this.#line('·', event.service, event.text);
        break;
      case 'healthy':
        this.#done(good('✓'), event.service, seconds(event.durationMs));
        break;
      case 'unhealthy':
        this.#done(bad('✗'), event.service, `unhealthy: ${event.reason}`);
        break;
      case 'startFailed':
        this.#done(
          bad('✗'),
          event.service,
          event.retryInMs === null
            ? 'failed'
            : `did not start, next attempt in ${seconds(event.retryInMs)}: ${event.reason}`,
        );
        break;
      case 'restarting':
        this.#line(
          warning('↻'),
          event.service,
          `restarting${event.attempt > 1 ? ` (attempt ${event.attempt})` : ''}`,
        );
        break;
      case 'stopping':
        this.#begin(event.service, 'stopping');
        break;
      case 'stopped':
        this.#done(good('✓'), event.service, 'stopped');
        break;
      case 'portMoved':
        this.#line(warning('!'), event.service, `port ${event.wanted} is in use; using ${event.port}`);
        break;
      case 'recovered':
        this.note(`The stack of process ${event.pid} was killed; starting from what it had committed.`);
        break;
      case 'notice':
        this.note(event.text);
        break;
      // The error itself is printed by whoever asked for the start.
      case 'failed':
      case 'ready':
        this.#clear();
        break;
    }
  };

  /** One line that belongs to no service. */
  note(text: string): void {
    this.#clear();
    this.#stream.write(`${this.#style.warning('!')} ${printable(text)}\n`);
    this.#draw();
  }

  /** Takes the moving line away; nothing is drawn after. */
  close(): void {
    this.#current.clear();
    this.#clear();
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  #begin(service: string, text: string): void {
    this.#current.set(service, printableLine(text));
    if (!this.#live) return;
    this.#timer ??= setInterval(() => {
      this.#frame = (this.#frame + 1) % frames.length;
      this.#clear();
      this.#draw();
    }, 90).unref();
    this.#clear();
    this.#draw();
  }

  #done(mark: string, service: string, text: string): void {
    this.#current.delete(service);
    this.#line(mark, service, text);
  }

  #line(mark: string, service: string, text: string): void {
    this.#clear();
    const title = this.#titles.get(service) ?? service;
    this.#stream.write(`${mark} ${padded(title, titleWidth)}  ${printableLine(text)}\n`);
    this.#draw();
  }

  #draw(): void {
    if (!this.#live || this.#current.size === 0) return;
    const parts = [...this.#current].map(
      ([service, text]) => `${this.#titles.get(service) ?? service}: ${text}`,
    );
    const line = `${frames[this.#frame]} ${parts.join(', ')} …`;
    // One line only: what does not fit would scroll and could not be taken back.
    this.#stream.write(this.#style.dim(line.slice(0, Math.max(10, (this.#stream.columns || 80) - 1))));
    this.#drawn = true;
  }

  #clear(): void {
    if (!this.#drawn) return;
    this.#stream.write('\r\u001b[2K');
    this.#drawn = false;
  }
}

/** `34 ms`, `0.4 s`, `75 s`. */
export function seconds(ms: number): string {
  if (ms < 100) return `${Math.round(ms)} ms`;
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
