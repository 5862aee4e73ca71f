/** From an operation to whoever is told of it. */
import { nameOf } from './iam/administration.ts';
import { describeChange, type EventSource } from './notify/event.ts';
import { type EventName, matchesRule } from './notify/rules.ts';
import type { S3Request } from './request.ts';
import type { Server } from './server.ts';
import type { Writes } from './store/index/index.ts';
import type { BucketRow, ObjectRow } from './store/rows.ts';

type Announcement = (writes: Writes, row: ObjectRow) => void;

/** What is to be written with a change; undefined where nobody is told of it. */
export function announceOf(
  server: Server,
  request: S3Request,
  bucket: BucketRow,
  key: string,
  name: EventName,
): Announcement | undefined {
  return announceFrom(server, sourceOf(server, request), bucket, key, name);
}

/** Of a deletion, whose name depends on what it does. */
export function announceRemoval(
  server: Server,
  request: S3Request,
  bucket: BucketRow,
  key: string,
): ((writes: Writes, row: ObjectRow, isMarkerMade: boolean) => void) | undefined {
  if (bucket.notification === undefined) return undefined;
  return (writes, row, isMarkerMade) =>
    announceOf(
      server,
      request,
      bucket,
      key,
      isMarkerMade ? 'ObjectRemoved:DeleteMarkerCreated' : 'ObjectRemoved:Delete',
    )?.(writes, row);
}

/** Of what has no change of its own: an object was read. */
export async function announceRead(
  server: Server,
  request: S3Request,
  bucket: BucketRow,
  row: ObjectRow,
  name: EventName,
): Promise<void> {
  const announce = announceOf(server, request, bucket, request.key, name);
  if (announce !== undefined) await server.store.index.change({ alone: [] }, writes => announce(writes, row));
}

/** Likewise of what no request does. */
export function announceFrom(
  { notifier, config }: Pick<Server, 'notifier' | 'config'>,
  source: EventSource,
  bucket: BucketRow,
  key: string,
  name: EventName,
): Announcement | undefined {
  const rules = bucket.notification?.filter(rule => matchesRule(rule, name, key)) ?? [];
  if (rules.length === 0) return undefined;
  return (writes, row) =>
    notifier.announce(writes, rules, () =>
      describeChange(name, bucket, key, row, source, { region: config.region, now: Date.now() }),
    );
}

function sourceOf({ iam }: Server, { identity, http, headers, id }: S3Request): EventSource {
  return {
    principal: identity.kind === 'anonymous' ? 'anonymous' : nameOf(iam, identity),
    address: http.remoteAddress,
    userAgent: headers['user-agent'] ?? '',
    requestId: id,
  };
}
