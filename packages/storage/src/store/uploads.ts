/**
 * Multipart uploads. Parts are bodies with rows of their own; completing an upload writes one row that names them, so that
 * it takes no longer for a terabyte than for a megabyte.
 */
import { randomBytes } from 'node:crypto';
import { S3Error } from '../errors/s3Error.ts';
import type { Bodies, StagedBody } from './bodies.ts';
import { type Buckets, bucketScope } from './buckets.ts';
import type { Judge, RecordDraft } from './changes.ts';
import type { Index, Writes } from './index/index.ts';
import {
  bucketEnd,
  bucketStart,
  keyEnd,
  keyStart,
  numberKey,
  partKey,
  prefixEnd,
  prefixStart,
  readBucketId,
  readUploadKey,
  textKey,
  uploadIdChars,
  uploadKey,
} from './index/keys.ts';
import { groupOf } from './list.ts';
import type { Objects } from './objects.ts';
import {
  type BucketRow,
  type Checksum,
  decodeRow,
  encodeRow,
  type ManifestPart,
  type ObjectRow,
  type PartRow,
  type UploadRow,
} from './rows.ts';
import type { Sequence } from './sequence.ts';

export interface Completion {
  readonly parts: readonly PartRow[];
  readonly etag: string;
  readonly checksum?: Checksum | undefined;
  readonly judge?: Judge | undefined;
  readonly record?: RecordDraft | undefined;
  /** Further writes of the same change. */
  readonly also?: ((writes: Writes, row: ObjectRow) => void) | undefined;
}

/** What a completed upload became: told again when a client that lost the answer asks again. */
export interface CompletedRow {
  readonly bucketId: number;
  readonly key: string;
  readonly etag: string;
  readonly versionId: string;
  readonly checksum?: Checksum | undefined;
  readonly size?: number | undefined;
  readonly at: number;
}

export interface ListedUpload {
  readonly key: string;
  readonly upload: UploadRow;
}

export interface UploadQuery {
  readonly prefix: string;
  readonly delimiter: string;
  readonly keyMarker: string;
  readonly uploadIdMarker: string;
  readonly limit: number;
}

export interface UploadPage {
  readonly uploads: readonly ListedUpload[];
  readonly prefixes: readonly string[];
  readonly next: { readonly key: string; readonly uploadId: string } | undefined;
}

const maxParts = 10_000;
/** How long a completed upload is remembered. */
const rememberMs = 24 * 3_600_000;

export class Uploads {
  readonly #index: Index;
  readonly #buckets: Buckets;
  readonly #bodies: Bodies;
  readonly #objects: Objects;
  readonly #sequence: Sequence;

  constructor(index: Index, buckets: Buckets, bodies: Bodies, objects: Objects, sequence: Sequence) {
    this.#index = index;
    this.#buckets = buckets;
    this.#bodies = bodies;
    this.#objects = objects;
    this.#sequence = sequence;
  }

  async create(
    bucket: BucketRow,
    key: string,
    upload: Omit<UploadRow, 'id' | 'initiated'>,
  ): Promise<UploadRow> {
    // Begins with its time, so that a key's uploads lie in the order in which they began.
    const id = this.#sequence.next().toString(16).padStart(16, '0') + randomBytes(8).toString('hex');
    const row: UploadRow = { ...upload, id, initiated: Date.now() };
    return await this.#index.change({ alone: [], beside: [bucketScope(bucket)] }, writes => {
      this.#buckets.now(bucket);
      writes.put('uploads', uploadKey(bucket.id, key, id), encodeRow(row));
      return row;
    });
  }

  find(bucket: BucketRow, key: string, uploadId: string): UploadRow | undefined {
    const bytes = /^[0-9a-f]{32}$/.test(uploadId)
      ? this.#index.get('uploads', uploadKey(bucket.id, key, uploadId))
      : undefined;
    return bytes && decodeRow<UploadRow>(bytes);
  }

  /** @throws {S3Error} NoSuchUpload */
  get(bucket: BucketRow, key: string, uploadId: string): UploadRow {
    const upload = this.find(bucket, key, uploadId);
    if (upload === undefined)
      throw new S3Error('NoSuchUpload', { elements: { Key: key, UploadId: uploadId } });
    return upload;
  }

  /** A part sent again replaces the one that was there. @throws {S3Error} NoSuchUpload; the body stays staged then */
  async putPart(
    bucket: BucketRow,
    key: string,
    uploadId: string,
    part: Omit<PartRow, 'blob' | 'size' | 'modified'>,
    body: StagedBody,
  ): Promise<PartRow> {
    const row: PartRow = { ...part, size: body.size, blob: body.blob, modified: Date.now() };
    const place = partKey(uploadId, part.number);
    await this.#index.change(
      { alone: [`part/${uploadId}/${part.number}`], beside: [`upload/${uploadId}`, bucketScope(bucket)] },
      writes => {
        this.get(this.#buckets.now(bucket), key, uploadId);
        const before = this.#index.get('parts', place);
        if (before !== undefined) this.#bodies.release(writes, decodeRow<PartRow>(before).blob);
        writes.put('parts', place, encodeRow(row));
        this.#bodies.adopt(writes, body);
      },
    );
    this.#bodies.collect();
    return row;
  }

  part(uploadId: string, number: number): PartRow | undefined {
    const bytes = this.#index.get('parts', partKey(uploadId, number));
    return bytes === undefined ? undefined : decodeRow<PartRow>(bytes);
  }

  /** In order of their numbers. @param after number of the last one seen */
  parts(uploadId: string, after = 0, limit = maxParts): PartRow[] {
    return this.#index
      .range('parts', partKey(uploadId, after + 1), partKey(uploadId, 0xffff), limit)
      .map(({ value }) => decodeRow<PartRow>(value));
  }

  /** @throws {S3Error} NoSuchUpload, what `judge` does */
  async complete(
    bucket: BucketRow,
    key: string,
    upload: UploadRow,
    { parts, etag, checksum, judge, also, record }: Completion,
  ): Promise<ObjectRow> {
    const id = this.#sequence.next();
    const manifest: ManifestPart[] = parts.map(({ number, size, blob, checksum: own }) => ({
      number,
      size,
      blob,
      checksum: own,
    }));
    const size = parts.reduce((sum, part) => sum + part.size, 0);
    const used = new Set(parts.map(part => part.number));
    return await this.#objects.put(bucket, key, {
      draft: upload.draft,
      body: { blob: { kind: 'parts', id }, size, inline: undefined },
      etag,
      checksum,
      partCount: parts.length,
      judge,
      record,
      scope: [`upload/${upload.id}`],
      also: (writes, row) => {
        this.get(bucket, key, upload.id);
        // One that was sent again since it was looked at is not the one that the client named.
        for (const part of parts)
          if (this.part(upload.id, part.number)?.modified !== part.modified) throw new S3Error('InvalidPart');
        writes.put('manifests', numberKey(id), encodeRow(manifest));
        this.#forget(writes, bucket, key, upload.id, used);
        const told: CompletedRow = {
          bucketId: bucket.id,
          key,
          etag,
          versionId: row.versionId,
          checksum,
          size,
          at: Date.now(),
        };
        writes.put('completed', textKey(upload.id), encodeRow(told));
        also?.(writes, row);
      },
    });
  }

  completed(bucket: BucketRow, key: string, uploadId: string): CompletedRow | undefined {
    const bytes = /^[0-9a-f]{32}$/.test(uploadId)
      ? this.#index.get('completed', textKey(uploadId))
      : undefined;
    if (bytes === undefined) return undefined;
    const row = decodeRow<CompletedRow>(bytes);
    return row.bucketId === bucket.id && row.key === key ? row : undefined;
  }

  /** @throws {S3Error} NoSuchUpload */
  async abort(bucket: BucketRow, key: string, uploadId: string): Promise<void> {
    await this.#index.change({ alone: [`upload/${uploadId}`], beside: [bucketScope(bucket)] }, writes => {
      this.get(bucket, key, uploadId);
      this.#forget(writes, bucket, key, uploadId, new Set());
    });
    this.#bodies.collect();
  }

  /** Aborts every upload of a bucket. */
  async abortAll(bucket: BucketRow): Promise<void> {
    for (;;) {
      const keys = this.#index.keys('uploads', bucketStart(bucket.id), bucketEnd(bucket.id), 256);
      if (keys.length === 0) return;
      await Promise.all(
        keys.map(place => {
          const { key, uploadId } = readUploadKey(place);
          return this.abort(bucket, key, uploadId);
        }),
      );
    }
  }

  /** Aborts what was to be sent in pieces and has expired before `then`. */
  async abortExpired(then: number): Promise<void> {
    for (let from: Buffer = Buffer.of(0); ; ) {
      const entries = this.#index.range('uploads', from, undefined, 256);
      for (const { key: place, value } of entries) {
        const { resumable } = decodeRow<UploadRow>(value);
        if (resumable === undefined || resumable.expires > then) continue;
        const { key, uploadId } = readUploadKey(place);
        const bucket = this.#buckets.byId(readBucketId(place));
        if (bucket !== undefined) await this.abort(bucket, key, uploadId);
      }
      if (entries.length < 256) return;
      from = Buffer.concat([entries.at(-1)!.key, Buffer.of(0)]);
    }
  }

  /** Lets go of what completed uploads became, after a day. */
  async prune(now = Date.now()): Promise<void> {
    const old = this.#index
      .range('completed', Buffer.of(0), undefined, 1000)
      .filter(({ value }) => decodeRow<CompletedRow>(value).at < now - rememberMs);
    if (old.length === 0) return;
    await this.#index.change({ alone: [] }, writes => {
      for (const { key } of old) writes.remove('completed', key);
    });
  }

  /** One page of uploads, as a generator of short steps. */
  *list(bucket: BucketRow, query: UploadQuery): Generator<void, UploadPage> {
    const { prefix, keyMarker, uploadIdMarker, limit } = query;
    const uploads: ListedUpload[] = [];
    const prefixes: string[] = [];
    if (limit === 0) return { uploads, prefixes, next: undefined };
    let next: UploadPage['next'];
    const end = prefixEnd(bucket.id, prefix);
    let from = prefixStart(bucket.id, prefix);
    if (keyMarker !== '') {
      const group = groupOf(keyMarker, query);
      const after =
        group === keyMarker
          ? prefixEnd(bucket.id, group)
          : uploadIdMarker === ''
            ? keyEnd(bucket.id, keyMarker)
            : Buffer.concat([
                keyStart(bucket.id, keyMarker),
                Buffer.from(uploadIdMarker.slice(0, uploadIdChars), 'latin1'),
                Buffer.of(0),
              ]);
      if (Buffer.compare(after, from) > 0) from = after;
    }
    while (Buffer.compare(from, end) < 0) {
      const [entry] = this.#index.range('uploads', from, end, 1);
      if (entry === undefined) break;
      yield;
      if (uploads.length + prefixes.length === limit) return { uploads, prefixes, next };
      const { key, uploadId } = readUploadKey(entry.key);
      const group = groupOf(key, query);
      if (group === undefined) {
        uploads.push({ key, upload: decodeRow<UploadRow>(entry.value) });
        next = { key, uploadId };
        from = Buffer.concat([entry.key, Buffer.of(0)]);
      } else {
        prefixes.push(group);
        next = { key: group, uploadId: '' };
        from = prefixEnd(bucket.id, group);
      }
    }
    return { uploads, prefixes, next: undefined };
  }

  /** The upload's rows go, and bodies of parts that are nobody's. */
  #forget(writes: Writes, bucket: BucketRow, key: string, uploadId: string, kept: ReadonlySet<number>): void {
    for (const part of this.parts(uploadId)) {
      writes.remove('parts', partKey(uploadId, part.number));
      if (!kept.has(part.number)) this.#bodies.release(writes, part.blob);
    }
    writes.remove('uploads', uploadKey(bucket.id, key, uploadId));
  }
}
