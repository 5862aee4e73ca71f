/**
 * Bodies: small ones in the index, written with the row that names them; large ones in files of their own, durable before
 * the row is. A file's name is written down before the file is made and struck out by the row, so that a crash leaves no
 * file that nobody knows of.
 */
import { crc32 } from 'node:zlib';
import { BlobFolder } from './blobs/folder.ts';
import { readBlob } from './blobs/reader.ts';
import { unitCipher } from './blobs/seal.ts';
import { BlobWriter } from './blobs/writer.ts';
import type { Index, Writes } from './index/index.ts';
import { numberKey, textKey } from './index/keys.ts';
import { type BlobRef, CorruptionError, decodeRow, type ManifestPart } from './rows.ts';
import type { Sequence } from './sequence.ts';

export const maxInlineBytes = 32 * 1024;
/** Names written down at once, ahead of need. */
const reservedIds = 32;
/** Files removed before the index is told. */
const collectedAtOnce = 256;

/** A body that is there, and no object's yet: it becomes one's by `adopt`, or goes by `discard`. */
export interface StagedBody {
  readonly blob: BlobRef;
  readonly size: number;
  /** What is to be written with the row. */
  readonly inline: Buffer | undefined;
  /** It was another object's, which goes in the same change. */
  readonly isTakenOver?: true;
}

export class Bodies {
  readonly #index: Index;
  readonly #sequence: Sequence;
  readonly #folder: BlobFolder;
  #ids: string[] = [];
  #reserving: Promise<void> | null = null;
  /** Files that are being read, and how often. */
  readonly #pins = new Map<string, number>();
  /** Files to be removed once nobody reads them. */
  readonly #doomed = new Set<string>();
  #collecting: Promise<void> | null = null;
  readonly #onFailure: (error: unknown) => void;

  constructor(index: Index, sequence: Sequence, root: string, onFailure: (error: unknown) => void) {
    this.#index = index;
    this.#sequence = sequence;
    this.#folder = new BlobFolder(root);
    this.#onFailure = onFailure;
  }

  /** Makes the folders, and removes the files of uploads and deletions that a crash broke off. */
  async recover(): Promise<void> {
    await this.#folder.prepare();
    for (const table of ['pending', 'trash'] as const) {
      for (;;) {
        const keys = this.#index.keys(table, Buffer.of(0), undefined, 256);
        if (keys.length === 0) break;
        await Promise.all(keys.map(key => this.#folder.remove(key.toString('latin1'))));
        await this.#index.change({ alone: [] }, writes => {
          for (const key of keys) writes.remove(table, key);
        });
      }
    }
  }

  /** @param objectKey to seal with. @throws what the stream or the disk does; nothing is left then */
  async stage(chunks: AsyncIterable<Buffer>, objectKey?: Buffer): Promise<StagedBody> {
    let head: Buffer[] = [];
    let headBytes = 0;
    let writer: BlobWriter | undefined;
    try {
      for await (const chunk of chunks) {
        if (writer !== undefined) {
          await writer.write(chunk);
          continue;
        }
        head.push(chunk);
        headBytes += chunk.length;
        if (headBytes <= maxInlineBytes) continue;
        const id = await this.#takeId();
        writer = await BlobWriter.create(this.#folder, id, objectKey && unitCipher(objectKey, id));
        for (const piece of head) await writer.write(piece);
        head = [];
      }
      if (writer === undefined) return this.stageInline(Buffer.concat(head, headBytes), objectKey);
      await writer.finish();
      return { blob: { kind: 'file', id: writer.id }, size: writer.size, inline: undefined };
    } catch (error) {
      if (writer !== undefined) {
        await writer.discard();
        await this.#strike([writer.id], 'pending');
      }
      throw error;
    }
  }

  /** Likewise for what is small and in memory. */
  stageInline(bytes: Buffer, objectKey?: Buffer): StagedBody {
    if (bytes.length === 0) return { blob: { kind: 'none' }, size: 0, inline: undefined };
    const id = this.#sequence.next();
    const inline = objectKey === undefined ? bytes : unitCipher(objectKey, `inline-${id}`).seal(0, bytes);
    return { blob: { kind: 'inline', id, crc: crc32(inline) }, size: bytes.length, inline };
  }

  /** Part of the change that writes the row. */
  adopt(writes: Writes, { blob, inline, isTakenOver }: StagedBody): void {
    if (isTakenOver) return;
    if (blob.kind === 'inline') writes.put('bodies', numberKey(blob.id), inline!);
    else if (blob.kind === 'file') writes.remove('pending', textKey(blob.id));
  }

  async discard({ blob, isTakenOver }: StagedBody): Promise<void> {
    if (blob.kind !== 'file' || isTakenOver) return;
    await this.#folder.remove(blob.id);
    await this.#strike([blob.id], 'pending');
  }

  /** Part of the change that removes or replaces the row. */
  release(writes: Writes, blob: BlobRef): void {
    switch (blob.kind) {
      case 'none':
        return;
      case 'inline':
        writes.remove('bodies', numberKey(blob.id));
        return;
      case 'file':
        writes.put('trash', textKey(blob.id), Buffer.of(1));
        this.#doomed.add(blob.id);
        // After the change: a file that is gone before its row would be a loss if the change failed.
        return;
      case 'parts':
        for (const part of this.manifest(blob.id)) this.release(writes, part.blob);
        writes.remove('manifests', numberKey(blob.id));
    }
  }

  /** Removes the files of released bodies, in the background. To be called when the change is done. */
  collect(): void {
    if (this.#doomed.size === 0) return;
    this.#collecting ??= this.#collect()
      .catch(this.#onFailure)
      .finally(() => {
        this.#collecting = null;
      });
  }

  /** @throws {CorruptionError} */
  manifest(id: number): readonly ManifestPart[] {
    const bytes = this.#index.get('manifests', numberKey(id));
    if (bytes === undefined) throw new CorruptionError('The list of an object’s parts is gone');
    return decodeRow<ManifestPart[]>(bytes);
  }

  /**
   * Bytes from `start` to `end` (excluded) of a body of `size` bytes. What is asked for here is served to its end, though
   * the object be replaced or deleted meanwhile.
   * @throws {CorruptionError} at once, or in the stream
   */
  read(
    blob: BlobRef,
    size: number,
    start: number,
    end: number,
    objectKey?: Buffer,
  ): Buffer | AsyncIterable<Buffer> {
    if (start >= end || blob.kind === 'none') return Buffer.alloc(0);
    if (blob.kind === 'inline') return this.#inline(blob, objectKey).subarray(start, end);
    const parts = blob.kind === 'file' ? [{ size, blob }] : this.manifest(blob.id);
    const files = parts.flatMap(part => (part.blob.kind === 'file' ? [part.blob.id] : []));
    for (const id of files) this.#pins.set(id, (this.#pins.get(id) ?? 0) + 1);
    return releasing(this.#stream(parts, start, end, objectKey), () => this.#unpin(files));
  }

  /** Waits for what runs in the background. */
  async close(): Promise<void> {
    await this.#reserving?.catch(() => undefined);
    await this.#collecting;
  }

  async *#stream(
    parts: readonly { readonly size: number; readonly blob: BlobRef }[],
    start: number,
    end: number,
    objectKey: Buffer | undefined,
  ): AsyncGenerator<Buffer> {
    let offset = 0;
    for (const { size, blob } of parts) {
      const from = Math.max(0, start - offset);
      const to = Math.min(size, end - offset);
      offset += size;
      if (from >= to) continue;
      if (blob.kind === 'inline') yield this.#inline(blob, objectKey).subarray(from, to);
      else if (blob.kind === 'file') {
        const file = await this.#folder.open(blob.id);
        try {
          yield* readBlob(
            file,
            { id: blob.id, size, start: from, end: to },
            objectKey && unitCipher(objectKey, blob.id),
          );
        } finally {
          await file.close();
        }
      }
    }
  }

  #inline({ id, crc }: BlobRef & { readonly kind: 'inline' }, objectKey: Buffer | undefined): Buffer {
    const bytes = this.#index.get('bodies', numberKey(id));
    if (bytes === undefined || crc32(bytes) !== crc)
      throw new CorruptionError(`Body ${id} in the index is damaged`);
    return objectKey === undefined ? bytes : unitCipher(objectKey, `inline-${id}`).open(0, bytes);
  }

  #unpin(ids: readonly string[]): void {
    for (const id of ids) {
      const count = this.#pins.get(id)! - 1;
      if (count > 0) this.#pins.set(id, count);
      else this.#pins.delete(id);
    }
    this.collect();
  }

  async #takeId(): Promise<string> {
    while (this.#ids.length === 0) {
      this.#reserving ??= this.#reserve().finally(() => {
        this.#reserving = null;
      });
      await this.#reserving;
    }
    return this.#ids.pop()!;
  }

  async #reserve(): Promise<void> {
    const ids = Array.from({ length: reservedIds }, () => this.#folder.newId());
    await this.#index.change({ alone: [] }, writes => {
      for (const id of ids) writes.put('pending', textKey(id), Buffer.of(1));
    });
    this.#ids.push(...ids);
  }

  async #collect(): Promise<void> {
    for (;;) {
      // What a change under way, or one that failed, has doomed is not in the trash.
      const free: string[] = [];
      for (const id of this.#doomed) {
        if (this.#pins.has(id) || this.#index.get('trash', textKey(id)) === undefined) continue;
        free.push(id);
        if (free.length === collectedAtOnce) break;
      }
      if (free.length === 0) return;
      for (const id of free) this.#doomed.delete(id);
      await Promise.all(free.map(id => this.#folder.remove(id)));
      await this.#strike(free, 'trash');
    }
  }

  async #strike(ids: readonly string[], table: 'pending' | 'trash'): Promise<void> {
    if (ids.length === 0) return;
    await this.#index.change({ alone: [] }, writes => {
      for (const id of ids) writes.remove(table, textKey(id));
    });
  }
}

/** A stream that calls `release` once, when it ends or is let go of, begun or not. */
function releasing(stream: AsyncGenerator<Buffer>, release: () => void): AsyncIterable<Buffer> {
  let isReleased = false;
  const once = (): void => {
    if (!isReleased) release();
    isReleased = true;
  };
  const iterator: AsyncIterator<Buffer> = {
    async next() {
      try {
        const step = await stream.next();
        if (step.done) once();
        return step;
      } catch (error) {
        once();
        throw error;
      }
    },
    async return() {
      try {
        return (await stream.return(undefined)) as IteratorResult<Buffer>;
      } finally {
        once();
      }
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
