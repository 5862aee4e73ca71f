import { totalmem } from 'node:os';
import { HttpError } from './errors.ts';

/** A body that is collected, or was, for a request still in work. */
export interface HeldBody {
  readonly source: string;
  /** Ends the collection with a refusal; called only while the body is still arriving. */
  readonly cut: (refusal: HttpError) => void;
  bytes: number;
  arriving: boolean;
  /** Bytes, and the time, at which it had last come on by {@link PROGRESS_BYTES}. */
  mark: number;
  since: number;
}

interface Source {
  bytes: number;
  readonly bodies: Set<HeldBody>;
}

/** What a body must have come on by within {@link PATIENCE_MS}, or others may have its memory. */
const PROGRESS_BYTES = 16 * 1024;
const PATIENCE_MS = 1000;
/** Under pressure every body is looked at, but not more often than this. */
const LOOK_EVERY_MS = 50;
const RETRY_AFTER_SECONDS = 1;

/**
 * Bounds the bodies that requests in work hold in memory, all together. Times are monotonic milliseconds.
 *
 * Who asks for more than is left is not simply refused, or a few that send slowly would lock out everyone. In this order
 * memory is taken from bodies that have stopped arriving, the longest first, and from the source that holds most, as long
 * as it holds more than the one that asks. So a source is refused only when no unfinished one holds more than it does.
 * What has arrived whole is in work and stays.
 */
export class BodyMemory {
  readonly maxBytes: number;
  readonly #sources = new Map<string, Source>();
  #total = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#total;
  }

  open(source: string, cut: HeldBody['cut'], now: number): HeldBody {
    const body: HeldBody = { source, cut, bytes: 0, arriving: true, mark: 0, since: now };
    const held = this.#sources.get(source);
    if (held) held.bodies.add(body);
    else this.#sources.set(source, { bytes: 0, bodies: new Set([body]) });
    return body;
  }

  /** Counts what has arrived, taking memory from others when it must. @throws {HttpError} 503 when there is none to take. */
  grow(body: HeldBody, bytes: number, now: number): void {
    if (this.#total + bytes > this.maxBytes && !this.#relieve(body, bytes, now)) throw crowded();
    this.#count(body, bytes);
    if (body.bytes - body.mark < PROGRESS_BYTES) return;
    body.mark = body.bytes;
    body.since = now;
  }

  /** The body is there: from now on it is held until the request is answered. */
  complete(body: HeldBody): void {
    body.arriving = false;
  }

  /** Gives back what a body holds; safe to call twice. */
  release(body: HeldBody): void {
    const source = this.#sources.get(body.source);
    if (!source?.bodies.delete(body)) return;
    this.#count(body, -body.bytes);
    if (source.bodies.size === 0) this.#sources.delete(body.source);
  }

  #count(body: HeldBody, bytes: number): void {
    body.bytes += bytes;
    this.#total += bytes;
    const source = this.#sources.get(body.source);
    if (source) source.bytes += bytes;
  }

  #relieve(asking: HeldBody, bytes: number, now: number): boolean {
    if (now - this.#lookedAt >= LOOK_EVERY_MS) {
      this.#lookedAt = now;
      for (const body of this.#stalled(asking, now)) {
        if (this.#total + bytes <= this.maxBytes) return true;
        this.#cut(body);
      }
    }
    while (this.#total + bytes > this.maxBytes) {
      const largest = this.#largestOfHeaviest(asking, bytes);
      if (largest === null) return false;
      this.#cut(largest);
    }
    return true;
  }

  /** Bodies that have stopped arriving, the longest first. */
  #stalled(asking: HeldBody, now: number): HeldBody[] {
    const stalled: HeldBody[] = [];
    for (const { bodies } of this.#sources.values()) {
      for (const body of bodies) {
        if (body !== asking && body.arriving && body.bytes > 0 && now - body.since >= PATIENCE_MS)
          stalled.push(body);
      }
    }
    return stalled.sort((a, b) => a.since - b.since);
  }

  /** The largest unfinished body of the source that holds most, if it holds more than the asking one would. */
  #largestOfHeaviest(asking: HeldBody, bytes: number): HeldBody | null {
    let most = (this.#sources.get(asking.source)?.bytes ?? 0) + bytes;
    let found: HeldBody | null = null;
    for (const source of this.#sources.values()) {
      if (source.bytes <= most) continue;
      const largest = largestArriving(source, asking);
      if (largest === null) continue;
      most = source.bytes;
      found = largest;
    }
    return found;
  }

  #cut(body: HeldBody): void {
    this.release(body);
    body.cut(crowded());
  }
}

function largestArriving({ bodies }: Source, except: HeldBody): HeldBody | null {
  let largest: HeldBody | null = null;
  for (const body of bodies) {
    if (body === except || !body.arriving || body.bytes <= (largest?.bytes ?? 0)) continue;
    largest = body;
  }
  return largest;
}

function crowded(): HttpError {
  return new HttpError(503, 'Too many request bodies are in memory', {
    hint: `Try again in ${RETRY_AFTER_SECONDS} second, or send less at once.`,
    headers: ['Retry-After', String(RETRY_AFTER_SECONDS)],
  });
}

/** The share of the memory that bodies may take: parsing one and sending it on takes a few times as much. */
const SHARE = 1 / 8;

/** Memory that this process may use: the machine's, or its container's. */
function availableBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

let shared: BodyMemory | null = null;

/** The bound that all servers of this process share when they have none of their own. */
export function processBodies(): BodyMemory {
  shared ??= new BodyMemory(Math.floor(availableBytes() * SHARE));
  return shared;
}
