/** Versions of objects: what is written, found, changed and deleted. Everything is decided within the index's change. */
import { S3Error } from '../errors/s3Error.ts';
import type { Bodies, StagedBody } from './bodies.ts';
import { type Buckets, bucketScope } from './buckets.ts';
import type { Deleted, DeleteObject, PutObject, RecordedWrite, Recorder, TakenObject } from './changes.ts';
import type { Index, Writes } from './index/index.ts';
import { keyEnd, keyStart, numberKey, originKey, readNumberKey, versionKey } from './index/keys.ts';
import { assertDeletable } from './locks.ts';
import { type BucketRow, decodeRow, encodeRow, type ObjectRow, type Origin } from './rows.ts';
import { type Sequence, sequenceOf, versionIdOf } from './sequence.ts';
import type { UsageCounter } from './usage.ts';

export class Objects {
  readonly #index: Index;
  readonly #buckets: Buckets;
  readonly #bodies: Bodies;
  readonly #sequence: Sequence;
  readonly #usage: UsageCounter;
  #recorder: Recorder | undefined;

  constructor(index: Index, buckets: Buckets, bodies: Bodies, sequence: Sequence, usage: UsageCounter) {
    this.#index = index;
    this.#buckets = buckets;
    this.#bodies = bodies;
    this.#sequence = sequence;
    this.#usage = usage;
  }

  /** The newest version, a delete marker too. */
  newest(bucket: BucketRow, key: string): ObjectRow | undefined {
    const plain = this.#row(versionKey(bucket.id, key));
    if (bucket.versioning === undefined) return plain;
    const [first] = this.#index.range('objects', keyStart(bucket.id, key), keyEnd(bucket.id, key), 1);
    if (first === undefined) return undefined;
    const row = decodeRow<ObjectRow>(first.value);
    return plain !== undefined && plain.sequence > row.sequence ? plain : row;
  }

  /** @param versionId undefined: the newest */
  find(bucket: BucketRow, key: string, versionId: string | undefined): ObjectRow | undefined {
    if (versionId === undefined) return this.newest(bucket, key);
    if (versionId === 'null') return this.#row(versionKey(bucket.id, key));
    const sequence = sequenceOf(versionId);
    const own = sequence === undefined ? undefined : this.#row(versionKey(bucket.id, key, sequence));
    return own?.versionId === versionId ? own : this.#brought(bucket, key, versionId);
  }

  /** From now on every put and delete goes through it. */
  recordWith(recorder: Recorder): void {
    this.#recorder = recorder;
  }

  /** @throws {S3Error} what `judge` does, NoSuchBucket; the body stays staged then */
  async put(bucket: BucketRow, key: string, request: PutObject): Promise<ObjectRow> {
    const write = (more: RecordedWrite): Promise<ObjectRow> => this.#write(bucket, key, request, more);
    return this.#recorder === undefined
      ? await write({})
      : await this.#recorder.put(bucket, key, request, write);
  }

  async #write(bucket: BucketRow, key: string, request: PutObject, more: RecordedWrite): Promise<ObjectRow> {
    const { takes } = request;
    const own = scopeOf(bucket, key, request.scope);
    const other = takes && scopeOf(takes.bucket, takes.key);
    const scope = other
      ? { alone: [...own.alone, ...other.alone], beside: [...own.beside, ...other.beside] }
      : own;
    const row = await this.#index.change(scope, writes => {
      const now = this.#buckets.now(bucket);
      const current = this.newest(now, key);
      request.judge?.(current?.deleteMarker ? undefined : current);
      // What is moved within a bucket is counted in it.
      if (takes?.bucket.id !== bucket.id) this.#assertRoom(now, request.body.size);
      const { body, etag, checksum, partCount } = request;
      const { origin, ...draft } = request.draft;
      const { versionId, sequence, gone: before } = this.#place(writes, now, key, origin);
      const isVersioned = versionId !== 'null';
      const made: ObjectRow = {
        ...draft,
        versionId,
        sequence,
        modified: origin?.modified ?? Date.now(),
        size: body.size,
        etag: origin?.etag ?? etag,
        blob: body.blob,
        checksum,
        partCount,
        record: more.record,
      };
      if (takes !== undefined) this.#take(writes, takes, body);
      const gone = isVersioned ? before : this.#removeNull(writes, now, key);
      writes.put('objects', versionKey(now.id, key, isVersioned ? sequence : undefined), encodeRow(made));
      this.#bodies.adopt(writes, body);
      request.also?.(writes, made);
      more.also?.(writes);
      this.#count(writes, now, key, made, gone);
      return made;
    });
    this.#bodies.collect();
    return row;
  }

  /** @throws {S3Error} AccessDenied for what is locked, NoSuchBucket, what `judge` does */
  async delete(bucket: BucketRow, key: string, request: DeleteObject): Promise<Deleted> {
    const erase = (): Promise<Deleted> => this.erase(bucket, key, request);
    return this.#recorder === undefined
      ? await erase()
      : await this.#recorder.delete(bucket, key, request, erase);
  }

  /** Likewise, told to no recorder. */
  async erase(bucket: BucketRow, key: string, request: DeleteObject): Promise<Deleted> {
    const deleted = await this.#index.change(scopeOf(bucket, key), writes => {
      const now = this.#buckets.now(bucket);
      const found = this.find(now, key, request.versionId);
      request.judge?.(found);
      // A condition on what is not there holds of nothing: nothing is done.
      if (request.judge !== undefined && found === undefined)
        return { versionId: undefined, deleteMarker: false, removed: undefined };
      return request.versionId === undefined
        ? this.#hide(writes, now, key, request)
        : this.#removeVersion(writes, now, key, found, request);
    });
    this.#bodies.collect();
    return deleted;
  }

  /**
   * Changes what is told of a version, not its bytes.
   * @throws {S3Error} NoSuchKey or NoSuchVersion, MethodNotAllowed for a marker, what `change` does
   */
  async update(
    bucket: BucketRow,
    key: string,
    versionId: string | undefined,
    change: (row: ObjectRow, bucket: BucketRow) => ObjectRow,
    also?: (writes: Writes, row: ObjectRow) => void,
  ): Promise<ObjectRow> {
    return await this.#index.change(scopeOf(bucket, key), writes => {
      const now = this.#buckets.now(bucket);
      const changed = change(this.existing(now, key, versionId), now);
      writes.put('objects', rowKey(now.id, key, changed), encodeRow(changed));
      also?.(writes, changed);
      return changed;
    });
  }

  /**
   * A version that is there and no delete marker.
   * @throws {S3Error} NoSuchKey, NoSuchVersion, MethodNotAllowed
   */
  existing(bucket: BucketRow, key: string, versionId: string | undefined): ObjectRow {
    const row = this.find(bucket, key, versionId);
    if (row === undefined)
      throw versionId === undefined
        ? new S3Error('NoSuchKey', { elements: { Key: key } })
        : new S3Error('NoSuchVersion', { elements: { Key: key, VersionId: versionId } });
    if (!row.deleteMarker) return row;
    const headers = ['x-amz-delete-marker', 'true', 'x-amz-version-id', row.versionId];
    throw versionId === undefined
      ? new S3Error('NoSuchKey', { elements: { Key: key }, headers })
      : new S3Error('MethodNotAllowed', { headers: [...headers, 'Allow', 'DELETE'] });
  }

  /** Without a version: a marker where there are versions, or the object goes. */
  #hide(writes: Writes, bucket: BucketRow, key: string, { also, origin }: DeleteObject): Deleted {
    if (bucket.versioning === undefined) {
      const removed = this.#removeNull(writes, bucket, key);
      if (removed !== undefined) {
        also?.(writes, removed, false);
        this.#count(writes, bucket, key, undefined, removed);
      }
      return { versionId: undefined, deleteMarker: false, removed };
    }
    const { versionId, sequence, gone: before } = this.#place(writes, bucket, key, origin);
    const gone = versionId === 'null' ? this.#removeNull(writes, bucket, key) : before;
    const marker: ObjectRow = {
      versionId,
      sequence,
      modified: origin?.modified ?? Date.now(),
      deleteMarker: true,
      size: 0,
      etag: '',
      blob: { kind: 'none' },
      owner: bucket.owner,
      headers: {},
      metadata: {},
    };
    writes.put('objects', rowKey(bucket.id, key, marker), encodeRow(marker));
    also?.(writes, marker, true);
    this.#count(writes, bucket, key, marker, gone);
    return { versionId: marker.versionId, deleteMarker: true, removed: undefined };
  }

  /** @throws {S3Error} NoSuchKey: it is another by now */
  #take(writes: Writes, { bucket, key, sequence }: TakenObject, { isTakenOver }: StagedBody): void {
    const now = this.#buckets.now(bucket);
    const row = this.newest(now, key);
    if (row?.sequence !== sequence) throw new S3Error('NoSuchKey', { elements: { Key: key } });
    if (!isTakenOver) {
      this.#hide(writes, now, key, {});
      return;
    }
    assertDeletable(row, false);
    writes.remove('objects', rowKey(now.id, key, row));
    this.#count(writes, now, key, undefined, row);
  }

  #removeVersion(
    writes: Writes,
    bucket: BucketRow,
    key: string,
    found: ObjectRow | undefined,
    { versionId, bypassGovernance = false, also }: DeleteObject,
  ): Deleted {
    if (found === undefined) return { versionId, deleteMarker: false, removed: undefined };
    assertDeletable(found, bypassGovernance);
    writes.remove('objects', rowKey(bucket.id, key, found));
    writes.remove('origins', originKey(bucket.id, key, found.versionId));
    this.#bodies.release(writes, found.blob);
    also?.(writes, found, false);
    this.#count(writes, bucket, key, undefined, found);
    return { versionId, deleteMarker: found.deleteMarker === true, removed: found };
  }

  #removeNull(writes: Writes, bucket: BucketRow, key: string): ObjectRow | undefined {
    const place = versionKey(bucket.id, key);
    const row = this.#row(place);
    if (row === undefined) return undefined;
    assertDeletable(row, false);
    writes.remove('objects', place);
    this.#bodies.release(writes, row.blob);
    return row;
  }

  /** What a new version is called and where it stands; one that is brought once more takes the place that it has. */
  #place(
    writes: Writes,
    bucket: BucketRow,
    key: string,
    origin: Origin | undefined,
  ): { readonly versionId: string; readonly sequence: number; readonly gone: ObjectRow | undefined } {
    const wanted = origin?.versionId;
    if (bucket.versioning !== 'Enabled' || wanted === 'null')
      return { versionId: 'null', sequence: this.#sequence.next(), gone: undefined };
    if (wanted === undefined) {
      const sequence = this.#sequence.next();
      return { versionId: versionIdOf(sequence), sequence, gone: undefined };
    }
    const gone = this.find(bucket, key, wanted);
    if (gone !== undefined) {
      assertDeletable(gone, false);
      this.#bodies.release(writes, gone.blob);
      return { versionId: wanted, sequence: gone.sequence, gone };
    }
    const sequence = this.#sequence.next();
    writes.put('origins', originKey(bucket.id, key, wanted), numberKey(sequence));
    return { versionId: wanted, sequence, gone };
  }

  /** A version that has its name from elsewhere. */
  #brought(bucket: BucketRow, key: string, versionId: string): ObjectRow | undefined {
    if (!isForeignId(versionId)) return undefined;
    const bytes = this.#index.get('origins', originKey(bucket.id, key, versionId));
    const row = bytes && this.#row(versionKey(bucket.id, key, readNumberKey(bytes)));
    return row?.versionId === versionId ? row : undefined;
  }

  /** @throws {S3Error} XMinioAdminBucketQuotaExceeded */
  #assertRoom({ id, quota }: BucketRow, bytes: number): void {
    if (quota === undefined) return;
    const used = this.#usage.known(id)?.bytes ?? 0;
    if (used + bytes > quota) throw new S3Error('XMinioAdminBucketQuotaExceeded');
  }

  #count(
    writes: Writes,
    bucket: BucketRow,
    key: string,
    came: ObjectRow | undefined,
    gone: ObjectRow | undefined,
  ): void {
    if (!this.#usage.isCounted) return;
    const before = this.newest(bucket, key);
    writes.after(() =>
      this.#usage.changed(bucket.id, { came, gone, before, after: this.newest(bucket, key) }),
    );
  }

  #row(place: Buffer): ObjectRow | undefined {
    const bytes = this.#index.get('objects', place);
    return bytes === undefined ? undefined : decodeRow<ObjectRow>(bytes);
  }
}

/** What a version may be called that was not made here. Pure. */
export function isForeignId(versionId: string): boolean {
  return /^[\w.-]{1,128}$/.test(versionId);
}

export function rowKey(bucketId: number, key: string, { versionId, sequence }: ObjectRow): Buffer {
  return versionKey(bucketId, key, versionId === 'null' ? undefined : sequence);
}

function scopeOf(
  bucket: BucketRow,
  key: string,
  more: readonly string[] = [],
): { readonly alone: readonly string[]; readonly beside: readonly string[] } {
  return { alone: [`key/${bucket.id}/${key}`, ...more], beside: [bucketScope(bucket)] };
}
