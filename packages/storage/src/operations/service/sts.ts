import { S3Error } from '../../errors/s3Error.ts';
import type { SessionRecord } from '../../iam/records.ts';
import type { Operation } from '../../operation.ts';
import type { S3Request } from '../../request.ts';
import type { Server } from '../../server.ts';
import { parseQuery, type Query } from '../../wire/query.ts';
import { xmlResponse } from '../../wire/respond.ts';
import { document, type Element, element, isoTime } from '../../xml/write.ts';

const maxPolicyBytes = 2048;
const minSeconds = 900;
const maxSeconds = 604_800;
const maxFormBytes = 64 * 1024;

type Action = (server: Server, request: S3Request, form: Query) => Promise<Element[]> | Element[];

/** What STS is asked for, by its name. */
const actions: Readonly<Record<string, Action>> = {
  async AssumeRole(server, request, form) {
    const policy = form.get('Policy') || undefined;
    if (policy !== undefined && policy.length > maxPolicyBytes)
      throw new S3Error('InvalidArgument', 'Session policy should not exceed 2048 characters');
    const session = await begin(server, request, form, policy);
    return [
      element('AssumedRoleUser', [element('Arn', ''), element('AssumeRoleId', '')]),
      credentialsOf(session),
    ];
  },
  GetSessionToken: async (server, request, form) => [
    credentialsOf(await begin(server, request, form, undefined)),
  ],
  GetCallerIdentity(_server, { identity }) {
    if (identity.kind === 'anonymous' || identity.kind === 'member') throw new S3Error('AccessDenied');
    const { id } = identity.account;
    const [arn, userId] =
      identity.kind === 'root' ? [`arn:aws:iam::${id}:root`, id] : [identity.arn, identity.id];
    return [element('Arn', arn), element('UserId', userId), element('Account', id)];
  },
};

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html */
export const sts: Operation = {
  name: 'SecurityTokenService',
  method: 'POST',
  level: 'service',
  async run(server, request) {
    const form = parseQuery((await request.payload().whole(maxFormBytes)).toString('latin1'));
    const name = form.get('Action') ?? '';
    const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
    if (action === undefined) throw new S3Error('InvalidArgument', `Unsupported action ${name}`);
    if (form.get('Version') !== '2011-06-15')
      throw new S3Error('MissingSecurityHeader', 'Invalid STS API version, expecting 2011-06-15');
    if (request.identity.kind === 'anonymous' || request.identity.kind === 'member')
      throw new S3Error('AccessDenied');
    return xmlResponse(
      document(
        `${name}Response`,
        [
          element(`${name}Result`, await action(server, request, form)),
          element('ResponseMetadata', element('RequestId', request.id)),
        ],
        'https://sts.amazonaws.com/doc/2011-06-15/',
      ),
    );
  },
};

async function begin(
  { iam }: Server,
  { identity, now }: S3Request,
  form: Query,
  policy: string | undefined,
): Promise<SessionRecord> {
  const seconds = Number(form.get('DurationSeconds') || 3600);
  if (!Number.isInteger(seconds) || seconds < minSeconds || seconds > maxSeconds)
    throw new S3Error('InvalidArgument', `DurationSeconds must be between ${minSeconds} and ${maxSeconds}.`);
  return await iam.assumeRole(identity, policy, seconds, now);
}

function credentialsOf({ accessKey, secretKey, token, expires }: SessionRecord): Element {
  return element('Credentials', [
    element('AccessKeyId', accessKey),
    element('SecretAccessKey', secretKey),
    element('SessionToken', token),
    element('Expiration', isoTime(expires)),
  ]);
}
