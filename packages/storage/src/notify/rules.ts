/** Which changes of a bucket are told to whom. Pure. @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html */
import type { NotificationRule } from '../store/rows.ts';

/** Without `s3:`; those that something happens for here. */
export const eventNames = [
  'ObjectCreated:Put',
  'ObjectCreated:Post',
  'ObjectCreated:Copy',
  'ObjectCreated:CompleteMultipartUpload',
  'ObjectCreated:PutTagging',
  'ObjectCreated:DeleteTagging',
  'ObjectCreated:PutRetention',
  'ObjectCreated:PutLegalHold',
  'ObjectRemoved:Delete',
  'ObjectRemoved:DeleteMarkerCreated',
  'ObjectAccessed:Get',
  'ObjectAccessed:Head',
  'LifecycleExpiration:Delete',
  'LifecycleExpiration:DeleteMarkerCreated',
] as const;

export type EventName = (typeof eventNames)[number];

/** Names that take in several, as a rule may have them. */
const groups = ['ObjectCreated:*', 'ObjectRemoved:*', 'ObjectAccessed:*', 'LifecycleExpiration:*'];

/** What a rule may name, though nothing here ever does it. */
const elsewhere = [
  'ObjectCreated:*',
  'ObjectRestore:*',
  'ObjectRestore:Post',
  'ObjectRestore:Completed',
  'ObjectTransition:*',
  'ObjectTransition:Failed',
  'ObjectTransition:Complete',
  'Replication:*',
  'Replication:OperationFailedReplication',
  'Replication:OperationCompletedReplication',
  'Replication:OperationMissedThreshold',
  'Replication:OperationReplicatedAfterThreshold',
  'Replication:OperationNotTracked',
  'ReducedRedundancyLostObject',
  'ObjectAcl:Put',
  'ObjectTagging:*',
  'Scanner:ManyVersions',
  'Scanner:LargeVersions',
  'Scanner:BigPrefix',
];

const known = new Set<string>([...eventNames, ...groups, ...elsewhere].map(name => `s3:${name}`));

export function isEventName(name: string): boolean {
  return known.has(name);
}

export function matchesRule(
  { events, prefix, suffix }: NotificationRule,
  name: EventName,
  key: string,
): boolean {
  return (
    key.startsWith(prefix) &&
    key.endsWith(suffix) &&
    events.some(
      each => each === `s3:${name}` || (each.endsWith(':*') && `s3:${name}`.startsWith(each.slice(0, -1))),
    )
  );
}
