/** What a server refused, or why it could not be reached: the fact, and what to do next. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  /** S3's or the admin API's word, such as `NoSuchKey`; `Unreachable` where no server answered. */
  readonly code: string;
  /** 0 where no server answered. */
  readonly status: number;
  readonly hint: string;

  constructor(code: string, status: number, message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status;
    this.hint = hint;
  }
}

const todo: Readonly<Record<string, string>> = {
  SignatureDoesNotMatch: 'The secret key is not that of the access key.',
  InvalidAccessKeyId: 'Check the access key.',
  AccessDenied: 'This user may not do that there: see its policies.',
  NoSuchBucket: 'See what there is: peakstone storage ls',
  NoSuchKey: 'See what there is: peakstone storage ls BUCKET/',
  BucketNotEmpty: 'To remove it with all that it holds: peakstone storage rb --force BUCKET',
  RequestTimeTooSkewed: 'Set this machine’s clock right.',
  XMinioStorageFull: 'Free some space on the server.',
  InvalidBucketName: 'Names have 3 to 63 lower-case letters, digits, dots and hyphens.',
  XMinioAdminNoSuchUser: 'See who there is: peakstone storage users list',
  XMinioAdminNoSuchPolicy: 'See which there are: peakstone storage policies list',
  XMinioPolicyInUse: 'Detach it first: peakstone storage policies detach NAME --user USER',
  MalformedPolicy: 'A policy is a JSON document of statements with Effect, Action and Resource.',
  NotImplemented: 'This server does not do that.',
  Unreachable: 'Check the address, and that the server runs.',
};

/** In the words of who refused. Pure. */
export function refusal(
  code: string,
  status: number,
  what: string,
  said: string | undefined,
  cause?: unknown,
): ClientError {
  const words = said ? `: ${said.replace(/\.$/, '')}` : ` (${[status || '', code].join(' ').trim()})`;
  return new ClientError(code, status, `${what}${words}.`, todo[code] ?? `The server said ${code}.`, cause);
}
