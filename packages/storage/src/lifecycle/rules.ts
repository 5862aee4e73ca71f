/** Lifecycle rules: read, checked, written. Pure. @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html */
import { randomUUID } from 'node:crypto';
import { S3Error } from '../errors/s3Error.ts';
import type { LifecycleFilter, LifecycleRule } from '../store/lifecycleRule.ts';
import { childOf, childrenOf, malformed, textOf, type XmlNode } from '../xml/parse.ts';
import { document, type Element, element, isoTime, optional } from '../xml/write.ts';

const maxRules = 1000;
const maxIdLength = 255;

/** @throws {S3Error} MalformedXML, InvalidArgument, InvalidRequest, NotImplemented */
export function readLifecycle(root: XmlNode): LifecycleRule[] {
  const nodes = childrenOf(root, 'Rule');
  if (nodes.length === 0 || nodes.length > maxRules) throw malformed();
  const rules = nodes.map(readRule);
  if (new Set(rules.map(rule => rule.id)).size < rules.length)
    throw new S3Error('InvalidArgument', 'Rule ID must be unique. Found same ID for more than one rule');
  return rules;
}

function readRule(node: XmlNode): LifecycleRule {
  const id = textOf(node, 'ID') || randomUUID();
  if (id.length > maxIdLength)
    throw new S3Error('InvalidArgument', 'ID length should not exceed allowed limit of 255');
  const status = textOf(node, 'Status');
  if (status !== 'Enabled' && status !== 'Disabled') throw malformed();
  if (childOf(node, 'Transition') ?? childOf(node, 'NoncurrentVersionTransition'))
    throw new S3Error(
      'InvalidStorageClass',
      'There is one storage class here, so that nothing can be moved to another.',
    );
  const filter = readFilter(node);
  const expiration = readExpiration(childOf(node, 'Expiration'));
  const noncurrent = readNoncurrent(childOf(node, 'NoncurrentVersionExpiration'));
  const abort = childOf(node, 'AbortIncompleteMultipartUpload');
  const abortDays = abort && readDays(textOf(abort, 'DaysAfterInitiation'), 'DaysAfterInitiation');
  if (expiration === undefined && noncurrent === undefined && abortDays === undefined)
    throw new S3Error('InvalidRequest', 'At least one action needs to be specified in a rule.');
  if (filter.tags.length > 0 && (expiration?.deleteMarker || abortDays !== undefined))
    throw new S3Error(
      'InvalidRequest',
      'Tags cannot narrow the expiry of delete markers and of incomplete uploads.',
    );
  return { id, enabled: status === 'Enabled', filter, expiration, noncurrent, abortDays };
}

function readFilter(node: XmlNode): LifecycleFilter {
  const filter = childOf(node, 'Filter');
  const legacy = childOf(node, 'Prefix');
  if (filter === undefined) return { prefix: legacy?.text ?? '', tags: [], legacyPrefix: true };
  if (legacy !== undefined) throw malformed();
  const and = childOf(filter, 'And');
  const from = and ?? filter;
  const tags = childrenOf(from, 'Tag').map((tag): [string, string] => {
    const key = textOf(tag, 'Key');
    if (!key) throw malformed();
    return [key, childOf(tag, 'Value')?.text ?? ''];
  });
  if (new Set(tags.map(([key]) => key)).size < tags.length)
    throw new S3Error('InvalidRequest', 'Duplicate Tag Keys are not allowed.');
  const size = (name: string): number | undefined => {
    const text = textOf(from, name);
    if (text === undefined) return undefined;
    if (!/^\d{1,15}$/.test(text)) throw malformed();
    return Number(text);
  };
  const largerThan = size('ObjectSizeGreaterThan');
  const smallerThan = size('ObjectSizeLessThan');
  if (largerThan !== undefined && smallerThan !== undefined && smallerThan <= largerThan + 1)
    throw new S3Error('InvalidRequest', 'ObjectSizeLessThan must be larger than ObjectSizeGreaterThan.');
  return { prefix: childOf(from, 'Prefix')?.text, tags, largerThan, smallerThan };
}

function readExpiration(node: XmlNode | undefined): LifecycleRule['expiration'] {
  if (node === undefined) return undefined;
  const days = textOf(node, 'Days');
  const date = textOf(node, 'Date');
  const marker = textOf(node, 'ExpiredObjectDeleteMarker');
  if ([days, date, marker].filter(each => each !== undefined).length !== 1) throw malformed();
  if (days !== undefined) return { days: readDays(days, 'Days') };
  if (marker !== undefined) return marker === 'true' ? { deleteMarker: true } : {};
  const at = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00))?$/.test(date!)
    ? Date.parse(date!)
    : Number.NaN;
  if (Number.isNaN(at)) throw malformed();
  if (at % 86_400_000 !== 0) throw new S3Error('InvalidArgument', "'Date' must be at midnight GMT");
  return { at };
}

function readNoncurrent(node: XmlNode | undefined): LifecycleRule['noncurrent'] {
  if (node === undefined) return undefined;
  const keep = textOf(node, 'NewerNoncurrentVersions');
  const days = textOf(node, 'NoncurrentDays');
  if (days === undefined && keep === undefined) throw malformed();
  return {
    days: days === undefined ? 0 : readDays(days, 'NoncurrentDays'),
    keep: keep === undefined ? undefined : readDays(keep, 'NewerNoncurrentVersions'),
  };
}

function readDays(text: string | undefined, name: string): number {
  if (text === undefined || !/^-?\d{1,9}$/.test(text)) throw malformed();
  if (Number(text) <= 0) throw new S3Error('InvalidArgument', `'${name}' must be a positive integer`);
  return Number(text);
}

export function renderLifecycle(rules: readonly LifecycleRule[]): string {
  return document('LifecycleConfiguration', rules.map(renderRule));
}

function renderRule(rule: LifecycleRule): Element {
  const { expiration, noncurrent, abortDays, filter } = rule;
  return element('Rule', [
    element('ID', rule.id),
    element('Status', rule.enabled ? 'Enabled' : 'Disabled'),
    filter.legacyPrefix ? element('Prefix', filter.prefix) : renderFilter(filter),
    expiration &&
      element('Expiration', [
        optional('Days', expiration.days),
        expiration.at === undefined ? undefined : element('Date', isoTime(expiration.at)),
        optional('ExpiredObjectDeleteMarker', expiration.deleteMarker),
      ]),
    noncurrent &&
      element('NoncurrentVersionExpiration', [
        noncurrent.days > 0 ? element('NoncurrentDays', noncurrent.days) : undefined,
        optional('NewerNoncurrentVersions', noncurrent.keep),
      ]),
    abortDays === undefined
      ? undefined
      : element('AbortIncompleteMultipartUpload', element('DaysAfterInitiation', abortDays)),
  ]);
}

function renderFilter({ prefix, tags, largerThan, smallerThan }: LifecycleFilter): Element {
  const parts = [
    optional('Prefix', prefix),
    ...tags.map(([key, value]) => element('Tag', [element('Key', key), element('Value', value)])),
    optional('ObjectSizeGreaterThan', largerThan),
    optional('ObjectSizeLessThan', smallerThan),
  ].filter(part => part !== undefined);
  return element('Filter', parts.length > 1 ? element('And', parts) : parts);
}
