import { createHash } from 'node:crypto';
import type { HttpResponse } from '@peakstone/kernel/http';
import { assertMay } from '../../access/check.ts';
import { announceOf } from '../../announce.ts';
import { verifyPostPolicy } from '../../auth/postPolicy.ts';
import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import { checksums, readExpected } from '../../payload/checksum.ts';
import { type Form, readForm } from '../../payload/form.ts';
import type { S3Request } from '../../request.ts';
import type { BucketRow, Checksum, ObjectRow } from '../../store/rows.ts';
import { encodePath } from '../../wire/encode.ts';
import { emptyResponse, xmlResponse } from '../../wire/respond.ts';
import { readTagging } from '../../wire/tags.ts';
import { assertKey } from '../../wire/target.ts';
import { parseXml } from '../../xml/parse.ts';
import { document, element } from '../../xml/write.ts';
import { readDraft } from './draft.ts';
import { encryptionHeaders, sealFor } from './encryption.ts';
import { maxObjectBytes } from './putObject.ts';

// biome-ignore lint/suspicious/noTemplateCurlyInString: forms write it so.
const fileNameVariable = '${filename}';

/** An upload by a browser's form. @see https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html */
export const postObject: Operation = {
  name: 'PostObject',
  method: 'POST',
  level: 'bucket',
  async run(server, request) {
    const { store } = server;
    const { http, headers } = request;
    if (!/^multipart\/form-data\b/i.test(headers['content-type'] ?? ''))
      throw new S3Error('MethodNotAllowed');
    const form = await readForm(headers['content-type'], http.stream());
    const find = server.iam.find.bind(server.iam);
    const fields = withFileName(form);
    const policy = verifyPostPolicy(fields, request.bucket, find, request.now, maxObjectBytes);
    const key = fields.get('key');
    if (!key)
      throw new S3Error(
        'InvalidArgument',
        "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
      );
    assertKey(key);
    const bucket = store.buckets.get(request.bucket);
    const posted: S3Request = {
      ...request,
      key,
      identity: policy.identity,
      signedBy: 'form',
      headers: headersOf(form),
    };
    assertMay(posted, { action: 's3:PutObject', bucket, key, acl: { of: 'bucket', permission: 'WRITE' } });
    const seal = sealFor(server, posted, bucket);
    const tags = form.fields.get('tagging');
    const draft = {
      ...readDraft(server, posted, bucket),
      ...(tags && { tags: readTagging(parseXml(Buffer.from(tags), 'Tagging'), 10) }),
      sealed: seal?.sealed,
    };
    const digest = new FormDigest(posted);
    const body = await store.bodies.stage(
      digest.pass(form.file, policy.minBytes, policy.maxBytes),
      seal?.objectKey,
    );
    try {
      const row = await store.objects.put(bucket, key, {
        draft,
        body,
        etag: digest.md5,
        checksum: digest.checksum(),
        also: announceOf(server, posted, bucket, posted.key, 'ObjectCreated:Post'),
      });
      return answer(posted, bucket, row, form);
    } catch (error) {
      await store.bodies.discard(body);
      throw error;
    }
  },
};

function withFileName({ fields, fileName }: Form): ReadonlyMap<string, string> {
  const key = fields.get('key');
  return key === undefined ? fields : new Map(fields).set('key', key.replaceAll(fileNameVariable, fileName));
}

/** Fields are what headers are elsewhere. */
function headersOf({ fields, fileType }: Form): Record<string, string | undefined> {
  const headers: Record<string, string | undefined> = Object.create(null);
  for (const [name, value] of fields) headers[name] = Buffer.from(value).toString('latin1');
  if (headers.acl !== undefined) headers['x-amz-acl'] = headers.acl;
  headers['content-type'] ??= fileType;
  return headers;
}

class FormDigest {
  readonly #md5 = createHash('md5');
  readonly #expected;
  readonly #digest;

  constructor({ headers }: S3Request) {
    this.#expected = readExpected(headers, []);
    this.#digest = this.#expected && checksums[this.#expected.algorithm].make();
  }

  async *pass(file: AsyncIterable<Buffer>, minBytes: number, maxBytes: number): AsyncGenerator<Buffer> {
    let bytes = 0;
    for await (const piece of file) {
      bytes += piece.length;
      if (bytes > maxBytes) throw new S3Error('EntityTooLarge');
      this.#md5.update(piece);
      this.#digest?.update(piece);
      yield piece;
    }
    if (bytes < minBytes) throw new S3Error('EntityTooSmall');
    const checksum = this.checksum();
    if (
      checksum !== undefined &&
      this.#expected?.value !== undefined &&
      this.#expected.value !== checksum.value
    )
      throw new S3Error(
        'BadDigest',
        `The ${checksum.algorithm} you specified did not match the calculated checksum.`,
      );
  }

  get md5(): string {
    return this.#md5.digest('hex');
  }

  #found: Checksum | undefined;

  checksum(): Checksum | undefined {
    if (this.#expected === undefined) return undefined;
    this.#found ??= {
      algorithm: this.#expected.algorithm,
      type: 'FULL_OBJECT',
      value: this.#digest!.digest().toString('base64'),
    };
    return this.#found;
  }
}

function answer({ http, key }: S3Request, bucket: BucketRow, row: ObjectRow, { fields }: Form): HttpResponse {
  const base = `http://${http.headers.host}/${bucket.name}/${encodePath(key)}`;
  const told = [
    'ETag',
    `"${row.etag}"`,
    ...(row.versionId === 'null' ? [] : ['x-amz-version-id', row.versionId]),
    ...encryptionHeaders(row.sealed),
  ];
  const redirect = fields.get('success_action_redirect') ?? fields.get('redirect');
  const url = redirect === undefined ? null : URL.parse(redirect);
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) {
    url.searchParams.set('bucket', bucket.name);
    url.searchParams.set('key', key);
    url.searchParams.set('etag', `"${row.etag}"`);
    return emptyResponse(303, [...told, 'Location', url.href]);
  }
  switch (fields.get('success_action_status')) {
    case '200':
      return emptyResponse(200, [...told, 'Location', base]);
    case '201':
      return xmlResponse(
        document(
          'PostResponse',
          [
            element('Location', base),
            element('Bucket', bucket.name),
            element('Key', key),
            element('ETag', `"${row.etag}"`),
          ],
          '',
        ),
        [...told, 'Location', base],
        201,
      );
    default:
      return emptyResponse(204, [...told, 'Location', base]);
  }
}
