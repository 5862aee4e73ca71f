/** Where a WAL stream goes on, given what the store has and what the server may still have. Pure. */
import { type Stretch, timelineOfSegment } from '../catalog/timelines.ts';
import type { WalIndex } from '../catalog/wal.ts';
import { type Lsn, segmentOf, segmentStart } from '../lsn.ts';

export interface StreamStart {
  readonly timeline: number;
  /** The start of a segment. */
  readonly lsn: Lsn;
}

/**
 * With the newest segment that the store has on the server's way, which is received again and compared: the WAL behind it belongs
 * to it only where the server wrote both. Undefined when the store has none.
 */
export function continueStream(
  way: readonly Stretch[],
  index: WalIndex,
  segmentBytes: number,
): StreamStart | undefined {
  for (const { timeline, to } of way.toReversed()) {
    const segments = index.whole.get(timeline);
    if (!segments || segments.size === 0) continue;
    // A timeline goes on behind the place where this way left it.
    const left = to === null ? Number.POSITIVE_INFINITY : segmentOf(to, segmentBytes);
    const newest = [...segments].reduce((most, each) => (each < left ? Math.max(most, each) : most), -1);
    if (newest < 0) continue;
    return startAt(way, newest, segmentBytes);
  }
  return undefined;
}

/** One segment further on. */
export function nextStart({ lsn }: StreamStart, way: readonly Stretch[], segmentBytes: number): StreamStart {
  return startAt(way, segmentOf(lsn, segmentBytes) + 1, segmentBytes);
}

/** At the segment of what the slot keeps. */
export function beginStream(way: readonly Stretch[], restart: Lsn, segmentBytes: number): StreamStart {
  return startAt(way, segmentOf(restart, segmentBytes), segmentBytes);
}

function startAt(way: readonly Stretch[], segment: number, segmentBytes: number): StreamStart {
  return {
    timeline: timelineOfSegment(way, segment, segmentBytes),
    lsn: segmentStart(segment, segmentBytes),
  };
}
