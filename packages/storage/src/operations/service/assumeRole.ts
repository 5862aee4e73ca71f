import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import { parseQuery } from '../../wire/query.ts';
import { xmlResponse } from '../../wire/respond.ts';
import { document, element, isoTime } from '../../xml/write.ts';

const maxPolicyBytes = 2048;
const minSeconds = 900;
const maxSeconds = 604_800;

/** STS' one action that MinIO's users know. @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export const assumeRole: Operation = {
  name: 'AssumeRole',
  method: 'POST',
  level: 'service',
  async run({ iam }, request) {
    const form = parseQuery((await request.payload().whole(64 * 1024)).toString('latin1'));
    if (form.get('Action') !== 'AssumeRole')
      throw new S3Error('InvalidArgument', `Unsupported action ${form.get('Action') ?? ''}`);
    if (form.get('Version') !== '2011-06-15')
      throw new S3Error('MissingSecurityHeader', 'Invalid STS API version, expecting 2011-06-15');
    if (request.identity.kind === 'anonymous') throw new S3Error('AccessDenied');
    const policy = form.get('Policy') || undefined;
    if (policy !== undefined && policy.length > maxPolicyBytes)
      throw new S3Error('InvalidArgument', 'Session policy should not exceed 2048 characters');
    const seconds = Number(form.get('DurationSeconds') || 3600);
    if (!Number.isInteger(seconds) || seconds < minSeconds || seconds > maxSeconds)
      throw new S3Error(
        'InvalidArgument',
        `DurationSeconds must be between ${minSeconds} and ${maxSeconds}.`,
      );
    const session = await iam.assumeRole(request.identity, policy, seconds, request.now);
    return xmlResponse(
      document(
        'AssumeRoleResponse',
        [
          element('AssumeRoleResult', [
            element('AssumedRoleUser', [element('Arn', ''), element('AssumeRoleId', '')]),
            element('Credentials', [
              element('AccessKeyId', session.accessKey),
              element('SecretAccessKey', session.secretKey),
              element('SessionToken', session.token),
              element('Expiration', isoTime(session.expires)),
            ]),
          ]),
          element('ResponseMetadata', element('RequestId', request.id)),
        ],
        'https://sts.amazonaws.com/doc/2011-06-15/',
      ),
    );
  },
};
