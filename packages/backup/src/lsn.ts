/**
 * Positions in the WAL and the names of the files that hold it. Pure.
 * @see https://www.postgresql.org/docs/17/functions-admin.html#FUNCTIONS-ADMIN-BACKUP
 */

/** A byte's position in the WAL. */
export type Lsn = bigint;

/** PostgreSQL's own bounds of `wal_segment_size`. */
const minSegmentBytes = 1024 * 1024;
const maxSegmentBytes = 1024 * 1024 * 1024;

/** `16/B374D848`; undefined when it is none. */
export function parseLsn(text: string): Lsn | undefined {
  const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text);
  return match ? (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`) : undefined;
}

/** @throws {RangeError} when it is none: for what the server or our own catalog says */
export function readLsn(text: string): Lsn {
  const lsn = parseLsn(text);
  if (lsn === undefined) throw new RangeError(`'${text}' is no WAL position`);
  return lsn;
}

export function formatLsn(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffff_ffffn).toString(16).toUpperCase()}`;
}

/** The number of the segment that holds this byte. */
export function segmentOf(lsn: Lsn, segmentBytes: number): number {
  return Number(lsn / BigInt(segmentBytes));
}

/** The segment of the last byte before `lsn`: the last one that is needed up to there. */
export function segmentBefore(lsn: Lsn, segmentBytes: number): number {
  return segmentOf(lsn === 0n ? 0n : lsn - 1n, segmentBytes);
}

export function segmentStart(segment: number, segmentBytes: number): Lsn {
  return BigInt(segment) * BigInt(segmentBytes);
}

/** The file's name: timeline, then the segment's number in two parts, in hexadecimal. */
export function segmentName(timeline: number, segment: number, segmentBytes: number): string {
  const perFile = 0x1_0000_0000 / segmentBytes;
  return hex8(timeline) + hex8(Math.floor(segment / perFile)) + hex8(segment % perFile);
}

/** Undefined when it is no segment's name. */
export function parseSegmentName(
  name: string,
  segmentBytes: number,
): { readonly timeline: number; readonly segment: number } | undefined {
  const match = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})$/.exec(name);
  if (!match) return undefined;
  const [timeline, high, low] = match.slice(1).map(part => Number.parseInt(part, 16)) as [
    number,
    number,
    number,
  ];
  const perFile = 0x1_0000_0000 / segmentBytes;
  return low < perFile ? { timeline, segment: high * perFile + low } : undefined;
}

/** Eight hexadecimal digits, as timelines are written. */
export function hex8(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, '0');
}

/** Whether PostgreSQL could have been made with segments of this size. */
export function isSegmentSize(bytes: number): boolean {
  return bytes >= minSegmentBytes && bytes <= maxSegmentBytes && Number.isInteger(Math.log2(bytes));
}
