import { S3Error } from '../../errors/s3Error.ts';
import { isEventName } from '../../notify/rules.ts';
import type { Operation } from '../../operation.ts';
import type { NotificationRule } from '../../store/rows.ts';
import { emptyResponse, xmlResponse } from '../../wire/respond.ts';
import { childOf, childrenOf, parseXml, textOf, type XmlNode } from '../../xml/parse.ts';
import { document, element } from '../../xml/write.ts';
import { readXmlBody } from '../xmlBody.ts';

const maxRules = 100;

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketNotificationConfiguration.html */
export const getBucketNotification: Operation = {
  name: 'GetBucketNotification',
  method: 'GET',
  level: 'bucket',
  query: ['notification'],
  action: 's3:GetBucketNotification',
  run({ store }, { bucket }) {
    return xmlResponse(
      document('NotificationConfiguration', (store.buckets.get(bucket).notification ?? []).map(renderRule)),
    );
  },
};

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html */
export const putBucketNotification: Operation = {
  name: 'PutBucketNotification',
  method: 'PUT',
  level: 'bucket',
  query: ['notification'],
  action: 's3:PutBucketNotification',
  async run({ store, notifier }, request) {
    const bucket = store.buckets.get(request.bucket);
    const root = parseXml(await readXmlBody(request), 'NotificationConfiguration');
    for (const name of ['TopicConfiguration', 'CloudFunctionConfiguration', 'EventBridgeConfiguration'])
      if (childOf(root, name) !== undefined) throw unknownArn();
    const rules = childrenOf(root, 'QueueConfiguration').map((node, i) => readRule(node, i, notifier.arns));
    if (rules.length > maxRules)
      throw new S3Error('InvalidArgument', `A bucket has at most ${maxRules} notification rules.`);
    assertApart(rules);
    await store.buckets.update(bucket, ({ notification: _before, ...row }) =>
      rules.length === 0 ? row : { ...row, notification: rules },
    );
    return emptyResponse(200);
  },
};

function readRule(node: XmlNode, at: number, arns: readonly string[]): NotificationRule {
  const arn = textOf(node, 'Queue') ?? '';
  if (!arns.includes(arn)) throw unknownArn();
  const events = childrenOf(node, 'Event').map(({ text }) => text.trim());
  if (events.length === 0 || !events.every(isEventName))
    throw new S3Error('InvalidArgument', 'A specified event is not supported for notifications.');
  const filters = childrenOf(childOf(childOf(node, 'Filter') ?? node, 'S3Key') ?? node, 'FilterRule');
  const named = new Map<string, string>();
  for (const filter of filters) {
    const name = (textOf(filter, 'Name') ?? '').toLowerCase();
    if (name !== 'prefix' && name !== 'suffix')
      throw new S3Error('InvalidArgument', 'filter rule name must be either prefix or suffix');
    if (named.has(name))
      throw new S3Error('InvalidArgument', `Cannot specify more than one ${name} rule in a filter.`);
    named.set(name, childOf(filter, 'Value')?.text ?? '');
  }
  return {
    id: textOf(node, 'Id') || String(at + 1),
    arn,
    events,
    prefix: named.get('prefix') ?? '',
    suffix: named.get('suffix') ?? '',
  };
}

/** Of one change a target is told once. @throws {S3Error} InvalidArgument */
function assertApart(rules: readonly NotificationRule[]): void {
  const overlap = rules.some((a, i) =>
    rules
      .slice(i + 1)
      .some(
        b =>
          a.arn === b.arn &&
          a.prefix === b.prefix &&
          a.suffix === b.suffix &&
          a.events.some(event => b.events.includes(event)),
      ),
  );
  if (overlap)
    throw new S3Error(
      'InvalidArgument',
      'An object key name filtering rule defined with overlapping prefixes, overlapping suffixes, or overlapping combinations of prefixes and suffixes for the same event types.',
    );
}

function renderRule({ id, arn, events, prefix, suffix }: NotificationRule) {
  const filters = Object.entries({ prefix, suffix }).filter(([, value]) => value !== '');
  return element('QueueConfiguration', [
    element('Id', id),
    element('Queue', arn),
    ...events.map(event => element('Event', event)),
    ...(filters.length === 0
      ? []
      : [
          element('Filter', [
            element(
              'S3Key',
              filters.map(([name, value]) =>
                element('FilterRule', [element('Name', name), element('Value', value)]),
              ),
            ),
          ]),
        ]),
  ]);
}

function unknownArn(): S3Error {
  return new S3Error(
    'InvalidArgument',
    'A specified destination ARN does not exist or is not well-formed. Verify the destination ARN.',
  );
}
