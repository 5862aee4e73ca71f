/** Uploads in parts, as functions of a connection. */
import { childrenOf, textOf } from '../xml/parse.ts';
import { document, element } from '../xml/write.ts';
import {
  assertNoError,
  decode,
  encodeSource,
  type Headers,
  need,
  nextPage,
  type Place,
  parseAnswer,
  pathOf,
  quoted,
  unquote,
} from './answers.ts';
import type { Connection } from './connection.ts';

export interface UploadedPart {
  readonly number: number;
  readonly etag: string;
  readonly size: number;
}

export async function beginUpload(
  connection: Connection,
  place: Place,
  headers: Headers = {},
): Promise<string> {
  const answer = await connection.read({
    method: 'POST',
    path: pathOf(place),
    query: { uploads: '' },
    headers,
  });
  return need(parseAnswer(answer), 'UploadId');
}

/** @returns its ETag */
export async function uploadPart(
  connection: Connection,
  place: Place,
  uploadId: string,
  number: number,
  body: Buffer,
): Promise<string> {
  const reply = await connection.send({
    method: 'PUT',
    path: pathOf(place),
    query: { partNumber: String(number), uploadId },
    body,
  });
  reply.body.resume();
  return unquote(reply.headers.etag);
}

export async function copyPart(
  connection: Connection,
  source: Place,
  range: readonly [from: number, to: number],
  target: Place,
  uploadId: string,
  number: number,
): Promise<string> {
  const text = await connection.text({
    method: 'PUT',
    path: pathOf(target),
    query: { partNumber: String(number), uploadId },
    headers: {
      'x-amz-copy-source': encodeSource(source),
      'x-amz-copy-source-range': `bytes=${range[0]}-${range[1]}`,
    },
  });
  assertNoError(text, target);
  return unquote(textOf(parseAnswer(Buffer.from(text)), 'ETag'));
}

export async function completeUpload(
  connection: Connection,
  place: Place,
  uploadId: string,
  parts: readonly Pick<UploadedPart, 'number' | 'etag'>[],
  headers: Headers = {},
): Promise<string> {
  const text = await connection.text({
    method: 'POST',
    path: pathOf(place),
    query: { uploadId },
    headers,
    body: Buffer.from(
      document(
        'CompleteMultipartUpload',
        [...parts]
          .sort((a, b) => a.number - b.number)
          .map(({ number, etag }) =>
            element('Part', [element('PartNumber', number), element('ETag', quoted(etag))]),
          ),
      ),
    ),
  });
  assertNoError(text, place);
  return unquote(textOf(parseAnswer(Buffer.from(text)), 'ETag'));
}

export async function abortUpload(connection: Connection, place: Place, uploadId: string): Promise<void> {
  await connection.read({ method: 'DELETE', path: pathOf(place), query: { uploadId }, accept: [404] });
}

/** Uploads that are not completed, of the first thousand of keys that begin so. */
export async function listUploads(
  connection: Connection,
  { bucket, key: prefix }: Place,
): Promise<{ readonly key: string; readonly uploadId: string; readonly initiated: string }[]> {
  const page = parseAnswer(
    await connection.read({ path: `/${bucket}`, query: { uploads: '', prefix, 'encoding-type': 'url' } }),
  );
  return childrenOf(page, 'Upload').map(each => ({
    key: decode(need(each, 'Key')),
    uploadId: need(each, 'UploadId'),
    initiated: need(each, 'Initiated'),
  }));
}

/** The newest upload of the key that is not completed. */
export async function findUpload(connection: Connection, place: Place): Promise<string | undefined> {
  return (await listUploads(connection, place))
    .filter(({ key }) => key === place.key)
    .sort((a, b) => (a.initiated < b.initiated ? 1 : -1))[0]?.uploadId;
}

export async function listParts(
  connection: Connection,
  place: Place,
  uploadId: string,
): Promise<UploadedPart[]> {
  const parts: UploadedPart[] = [];
  for (let marker = '0'; ; ) {
    const page = parseAnswer(
      await connection.read({
        path: pathOf(place),
        query: { uploadId, 'part-number-marker': marker },
      }),
    );
    for (const each of childrenOf(page, 'Part'))
      parts.push({
        number: Number(need(each, 'PartNumber')),
        etag: unquote(textOf(each, 'ETag')),
        size: Number(need(each, 'Size')),
      });
    const next = nextPage(page, 'NextPartNumberMarker');
    if (next === undefined) return parts;
    marker = next;
  }
}
