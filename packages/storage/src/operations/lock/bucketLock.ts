import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import type { ObjectLock } from '../../store/rows.ts';
import { emptyResponse, xmlResponse } from '../../wire/respond.ts';
import { childOf, malformed, parseXml, textOf } from '../../xml/parse.ts';
import { document, element, optional } from '../../xml/write.ts';
import { readXmlBody } from '../xmlBody.ts';

const maxYears = 100;
const maxDays = 36_500;

export const getObjectLockConfiguration: Operation = {
  name: 'GetObjectLockConfiguration',
  method: 'GET',
  level: 'bucket',
  query: ['object-lock'],
  action: 's3:GetBucketObjectLockConfiguration',
  run({ store }, { bucket }) {
    const { objectLock } = store.buckets.get(bucket);
    if (objectLock === undefined) throw new S3Error('ObjectLockConfigurationNotFoundError');
    const { mode, days, years } = objectLock;
    return xmlResponse(
      document('ObjectLockConfiguration', [
        element('ObjectLockEnabled', 'Enabled'),
        mode &&
          element(
            'Rule',
            element('DefaultRetention', [
              element('Mode', mode),
              optional('Days', days),
              optional('Years', years),
            ]),
          ),
      ]),
    );
  },
};

export const putObjectLockConfiguration: Operation = {
  name: 'PutObjectLockConfiguration',
  method: 'PUT',
  level: 'bucket',
  query: ['object-lock'],
  action: 's3:PutBucketObjectLockConfiguration',
  async run({ store }, request) {
    const bucket = store.buckets.get(request.bucket);
    const root = parseXml(await readXmlBody(request), 'ObjectLockConfiguration');
    if (textOf(root, 'ObjectLockEnabled') !== 'Enabled') throw malformed();
    const rule = childOf(root, 'Rule');
    const lock = rule === undefined ? {} : readDefault(childOf(rule, 'DefaultRetention'));
    await store.buckets.update(bucket, row => {
      if (row.versioning !== 'Enabled')
        throw new S3Error(
          'InvalidBucketState',
          "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
        );
      return { ...row, objectLock: lock };
    });
    return emptyResponse();
  },
};

function readDefault(node: ReturnType<typeof childOf>): ObjectLock {
  if (node === undefined) throw malformed();
  const mode = textOf(node, 'Mode');
  if (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') throw malformed();
  const days = textOf(node, 'Days');
  const years = textOf(node, 'Years');
  if ((days === undefined) === (years === undefined)) throw malformed();
  const count = Number(days ?? years);
  if (!Number.isInteger(count) || count <= 0 || count > (days === undefined ? maxYears : maxDays))
    throw new S3Error('InvalidRetentionPeriod', 'Default retention period must be a positive integer value.');
  return days === undefined ? { mode, years: count } : { mode, days: count };
}
