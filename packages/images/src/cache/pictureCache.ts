/** Answers that were drawn before, by source and options; they hold while the source says that it has not changed. */
import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import type { ImagesConfig } from '../config.ts';
import type { Picture, ProcessResult } from '../engine/types.ts';
import type { Lease } from '../memory/budget.ts';
import type { ParsedUrl } from '../parse/options.ts';
import type { SourceHeaders } from '../source/types.ts';
import { FileCache } from './files.ts';

export interface Kept {
  readonly result: ProcessResult;
  /** Of the source: its tag and its time, and how long it holds. */
  readonly headers: SourceHeaders;
  /** Of the source's file. */
  readonly bytes: number;
  readonly data: Buffer;
}

export interface CachedPicture extends Kept {
  /** Whether it can be given without asking the source. */
  readonly isFresh: boolean;
}

const keptHeaders = ['etag', 'last-modified', 'cache-control', 'expires'] as const;
/** Checks of which the source's last word is remembered; beyond, it is asked once more. */
const maxChecks = 100_000;

/** Null where the settings want none. @throws {UnsafePlaceError} others may write into its folder */
export async function openCache(
  config: ImagesConfig,
  watermark: Picture | null,
): Promise<PictureCache | null> {
  const { folder, maxBytes, trustMs } = config.cache;
  if (folder === null) return null;
  // Pictures of other settings are other pictures.
  const settings = createHash('sha256')
    .update(JSON.stringify(config.engine))
    .update(watermark?.data ?? '');
  return new PictureCache(await FileCache.open(folder, maxBytes), trustMs, settings.digest('hex'));
}

export class PictureCache {
  readonly #files: FileCache;
  readonly #trustMs: number;
  readonly #settings: string;
  /** When the source was last heard of, by name. */
  readonly #checked = new Map<string, number>();

  constructor(files: FileCache, trustMs: number, settings: string) {
    this.#files = files;
    this.#trustMs = trustMs;
    this.#settings = settings;
  }

  /** @param lease holds what is read. @throws the signal's reason */
  async get(parsed: ParsedUrl, lease: Lease, signal: AbortSignal): Promise<CachedPicture | null> {
    const name = this.#nameOf(parsed);
    await lease.hold(this.#files.bytesOf(name), signal);
    const file = await this.#files.get(name);
    const kept = file === null ? null : unpack(file);
    if (kept === null) return null;
    const checked = this.#checked.get(name) ?? Number.NEGATIVE_INFINITY;
    return { ...kept, isFresh: performance.now() - checked < this.#trustMs };
  }

  /** Keeps an answer in the background; one whose source gives no sign by which it is known again is not kept. */
  put(parsed: ParsedUrl, kept: Kept): void {
    const headers = Object.fromEntries(keptHeaders.map(header => [header, kept.headers[header]]));
    if (headers.etag === undefined && headers['last-modified'] === undefined) return;
    const name = this.#nameOf(parsed);
    const head = serialize({ result: kept.result, headers, bytes: kept.bytes, length: kept.data.length });
    const length = Buffer.alloc(4);
    length.writeUInt32LE(head.length);
    this.#files.put(name, [length, head, kept.data]).then(
      () => this.#check(name),
      // A full disk keeps nobody from a picture.
      () => undefined,
    );
  }

  /** The source has said that it has not changed. */
  confirm(parsed: ParsedUrl): void {
    this.#check(this.#nameOf(parsed));
  }

  #check(name: string): void {
    if (this.#checked.size >= maxChecks) this.#checked.clear();
    this.#checked.set(name, performance.now());
  }

  /** What changes an answer's headers alone is not part of it. */
  #nameOf({ source, options }: ParsedUrl): string {
    const { filename: _, returnAttachment: __, expires: ___, ...drawn } = options;
    const sorted = Object.entries(drawn).sort(([a], [b]) => (a < b ? -1 : 1));
    return createHash('sha256')
      .update(`${this.#settings}\0${source.text}\0${JSON.stringify(sorted)}`)
      .digest('hex');
  }
}

/** Null for what is not whole. */
function unpack(file: Buffer): Kept | null {
  if (file.length < 4) return null;
  const end = 4 + file.readUInt32LE();
  if (file.length < end) return null;
  const head = deserialize(file.subarray(4, end)) as Omit<Kept, 'data'> & { readonly length: number };
  const data = file.subarray(end);
  return data.length === head.length ? { ...head, data } : null;
}
