/**
 * `xl.meta`, the file that MinIO keeps of an object: all its versions, and small ones' bytes.
 *
 * `XL2 `, a version in four bytes, the versions' metadata as one MessagePack byte string, its checksum, then the bytes of
 * small versions by their ids. Pure.
 */
import { type Unpacked, Unpacker } from './msgpack.ts';

export interface DriveVersion {
  /** A UUID, or `null`. */
  readonly versionId: string;
  readonly isMarker: boolean;
  /** ISO 8601. */
  readonly modified: string;
  readonly size: number;
  /** Folder of its parts; undefined for what is in the file itself. */
  readonly dataFolder: string | undefined;
  readonly parts: readonly { readonly number: number; readonly size: number }[];
  /** What the uploader said, by lower-case name; `etag` among it. */
  readonly metadata: Readonly<Record<string, string>>;
  /** MinIO's own. */
  readonly internal: ReadonlyMap<string, Buffer>;
  /** Its bytes, each block behind its checksum. */
  readonly inline: Buffer | undefined;
}

const magic = 'XL2 ';
const types = { object: 1, marker: 2, legacy: 3 } as const;
const freeVersion = 'x-minio-internal-free-version';

/** Newest first. @throws {RangeError} it is none, or of a form that is not read here */
export function readXlMeta(bytes: Buffer): DriveVersion[] {
  if (bytes.toString('latin1', 0, 4) !== magic) throw new RangeError('It is no xl.meta');
  const [major, minor] = [bytes.readUInt16LE(4), bytes.readUInt16LE(6)];
  if (major !== 1 || minor < 3)
    throw new RangeError(
      `It is an xl.meta of version ${major}.${minor}: migrate from the running server instead`,
    );
  const outer = new Unpacker(bytes, 8);
  const metadata = bufferOf(outer.next());
  // Its checksum.
  outer.next();
  const inline = readInline(bytes.subarray(outer.at));
  const inner = new Unpacker(metadata);
  const [headVersion, metaVersion, count] = [inner.next(), inner.next(), inner.next()].map(Number);
  if (headVersion! > 3 || metaVersion! > 3) throw new RangeError('It is of a later MinIO');
  const versions: DriveVersion[] = [];
  for (let i = 0; i < count!; i++) {
    // A short form of what follows.
    inner.next();
    const version = readVersion(mapOf(new Unpacker(bufferOf(inner.next())).next()), inline);
    if (version !== undefined) versions.push(version);
  }
  return versions;
}

function readVersion(
  map: ReadonlyMap<string, Unpacked>,
  inline: ReadonlyMap<string, Buffer>,
): DriveVersion | undefined {
  const type = Number(map.get('Type'));
  if (type === types.legacy)
    throw new RangeError('It has versions of an older form: migrate from the running server instead');
  const body = mapOf(map.get(type === types.marker ? 'DelObj' : 'V2Obj'));
  const internal = new Map(
    [...mapOf(body.get('MetaSys') ?? new Map())].map(([name, value]): [string, Buffer] => [
      name.toLowerCase(),
      bufferOf(value),
    ]),
  );
  // What a tier still has to let go of is no version.
  if (internal.has(freeVersion)) return undefined;
  const versionId = uuidOf(bufferOf(body.get('ID')));
  const shared = { versionId, modified: timeOf(body.get('MTime')), internal };
  if (type === types.marker)
    return {
      ...shared,
      isMarker: true,
      size: 0,
      dataFolder: undefined,
      parts: [],
      metadata: {},
      inline: undefined,
    };
  if (Number(body.get('EcM')) !== 1 || Number(body.get('EcN')) !== 0)
    throw new RangeError('It is a part of several drives’ data: migrate from the running server instead');
  const sizes = listOf(body.get('PartSizes')).map(Number);
  const numbers = listOf(body.get('PartNums')).map(Number);
  return {
    ...shared,
    isMarker: false,
    size: Number(body.get('Size')),
    dataFolder: uuidOf(bufferOf(body.get('DDir'))),
    parts: numbers.map((number, i) => ({ number, size: sizes[i]! })),
    metadata: Object.fromEntries(
      [...mapOf(body.get('MetaUsr') ?? new Map())].map(([name, value]) => [
        name.toLowerCase(),
        String(value),
      ]),
    ),
    inline: inline.get(versionId),
  };
}

/** By a version's id. */
function readInline(bytes: Buffer): Map<string, Buffer> {
  if (bytes.length === 0) return new Map();
  const map = mapOf(new Unpacker(bytes, 1).next());
  return new Map([...map].map(([id, value]) => [id, bufferOf(value)]));
}

function uuidOf(bytes: Buffer): string {
  if (bytes.every(each => each === 0)) return 'null';
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Nanoseconds since 1970. */
function timeOf(value: Unpacked | undefined): string {
  return new Date(Number(BigInt(value as number | bigint) / 1_000_000n)).toISOString();
}

function bufferOf(value: Unpacked | undefined): Buffer {
  if (!Buffer.isBuffer(value)) throw new RangeError('It is damaged');
  return value;
}

function mapOf(value: Unpacked | undefined): ReadonlyMap<string, Unpacked> {
  if (!(value instanceof Map)) throw new RangeError('It is damaged');
  return value;
}

function listOf(value: Unpacked | undefined): readonly Unpacked[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw new RangeError('It is damaged');
  return value;
}
