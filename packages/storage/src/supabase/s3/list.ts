/** What somebody with a token sees of buckets and objects: the rows that row security shows. */
import type { HttpResponse } from '@peakstone/kernel/http';
import { S3Error } from '../../errors/s3Error.ts';
import { listingHead, prefixElement, readListing } from '../../operations/bucket/listing.ts';
import { xmlResponse } from '../../wire/respond.ts';
import { document, type Element, element, optional } from '../../xml/write.ts';
import type { MemberCall } from './memberCall.ts';

const time = (column: string): string =>
  `pg_catalog.to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

interface BucketEntry {
  readonly name: string;
  readonly created_at: string;
}

export async function listBucketsAs({ say, member }: MemberCall): Promise<HttpResponse> {
  const rows = await say({
    text: `select pg_catalog.json_build_object('name', b.id, 'created_at', ${time('b.created_at')}) from storage.buckets b order by b.id collate "C" limit 10000`,
    values: [],
  });
  const owner = member.subject ?? member.role;
  return xmlResponse(
    document('ListAllMyBucketsResult', [
      element('Owner', [element('ID', owner), element('DisplayName', owner)]),
      element(
        'Buckets',
        (rows as BucketEntry[]).map(({ name, created_at }) =>
          element('Bucket', [element('Name', name), element('CreationDate', created_at)]),
        ),
      ),
    ]),
  );
}

interface ObjectEntry {
  readonly name: string;
  readonly id: string | null;
  readonly updated_at: string;
  readonly metadata: { readonly eTag?: string; readonly size?: number } | null;
}

/** Of both versions; delimiters other than a slash are for the keys of S3. */
export async function listObjectsAs({ say, request, operation }: MemberCall): Promise<HttpResponse> {
  const { query, bucket } = request;
  const form = readListing(request);
  const isV2 = operation.name === 'ListObjectsV2';
  if (form.delimiter !== '' && form.delimiter !== '/') throw new S3Error('NotImplemented');
  const token = query.get('continuation-token');
  const startAfter = query.get('start-after') ?? '';
  const marker = query.get('marker') ?? '';
  const after = isV2 ? (token ? Buffer.from(token, 'base64').toString('utf8') : startAfter) : marker;
  if (after.includes('\0') || form.prefix.includes('\0')) throw new S3Error('InvalidArgument');
  const entry = `pg_catalog.json_build_object('name', l.name, 'id', l.id, 'updated_at', ${time('l.updated_at')}, 'metadata', l.metadata)`;
  const rows = (await say({
    text:
      form.delimiter === ''
        ? `select ${entry} from storage.objects l where l.bucket_id = $1 and l.name collate "C" >= $2 and pg_catalog.starts_with(l.name, $2)
            and ($4 = '' or l.name collate "C" > $4) order by l.name collate "C" limit $3::bigint`
        : `select ${entry} from storage.search_v2($2, $1, $3::integer, 1, $4) l`,
    values: [bucket, form.prefix, String(form.limit + 1), after],
  })) as ObjectEntry[];
  const page = rows.slice(0, form.limit);
  const last = page.at(-1)?.name;
  const isTruncated = rows.length > form.limit && last !== undefined;
  const objects = page.filter(({ id }) => id !== null).map(each => contents(each, form.encode));
  const prefixes = page
    .filter(({ id }) => id === null)
    .map(({ name }) => prefixElement(name.endsWith('/') ? name : `${name}/`, form.encode));
  return xmlResponse(
    document('ListBucketResult', [
      listingHead(bucket, form),
      ...(isV2
        ? [
            element('KeyCount', page.length),
            optional('StartAfter', startAfter && form.encode(startAfter)),
            optional('ContinuationToken', token),
            isTruncated ? element('NextContinuationToken', Buffer.from(last).toString('base64')) : undefined,
          ]
        : [
            element('Marker', form.encode(marker)),
            isTruncated && form.delimiter !== '' ? element('NextMarker', form.encode(last)) : undefined,
          ]),
      element('IsTruncated', isTruncated),
      objects,
      prefixes,
    ]),
  );
}

function contents({ name, updated_at, metadata }: ObjectEntry, encode: (text: string) => string): Element {
  return element('Contents', [
    element('Key', encode(name)),
    element('LastModified', updated_at),
    element('ETag', metadata?.eTag ?? ''),
    element('Size', metadata?.size ?? 0),
    element('StorageClass', 'STANDARD'),
  ]);
}
