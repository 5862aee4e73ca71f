/** What the listings have in common. */
import { S3Error } from '../../errors/s3Error.ts';
import type { S3Request } from '../../request.ts';
import type { Listed } from '../../store/list.ts';
import type { Owner } from '../../store/rows.ts';
import { encodePath } from '../../wire/encode.ts';
import { type Element, element, isoTime, optional } from '../../xml/write.ts';

const most = 1000;

export interface ListingForm {
  readonly prefix: string;
  readonly delimiter: string;
  readonly limit: number;
  /** As names stand in the answer. */
  readonly encode: (text: string) => string;
  readonly encodingType: 'url' | undefined;
}

/** @throws {S3Error} InvalidArgument */
export function readListing({ query }: S3Request, limitName = 'max-keys'): ListingForm {
  const encodingType = query.get('encoding-type');
  if (encodingType !== undefined && encodingType !== '' && encodingType.toLowerCase() !== 'url')
    throw new S3Error('InvalidArgument', {
      message: 'Invalid Encoding Method specified in Request',
      elements: { ArgumentName: 'encoding-type', ArgumentValue: encodingType },
    });
  const isUrl = encodingType !== undefined && encodingType !== '';
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    limit: readLimit(query.get(limitName), limitName),
    encode: isUrl ? encodePath : text => text,
    encodingType: isUrl ? 'url' : undefined,
  };
}

function readLimit(text: string | undefined, name: string): number {
  if (text === undefined || text === '') return most;
  if (!/^-?\d{1,10}$/.test(text) || Number(text) < 0 || Number(text) > 2_147_483_647)
    throw new S3Error('InvalidArgument', {
      message: /^-/.test(text)
        ? `Argument ${name} must be an integer between 0 and 2147483647`
        : `Provided ${name} not an integer or within integer range`,
      elements: { ArgumentName: name, ArgumentValue: text },
    });
  return Math.min(most, Number(text));
}

export function contentsElement(
  { key, row }: Listed,
  encode: ListingForm['encode'],
  owner: Owner | undefined,
): Element {
  return element('Contents', [
    element('Key', encode(key)),
    element('LastModified', isoTime(row.modified)),
    element('ETag', `"${row.etag}"`),
    row.checksum && element('ChecksumAlgorithm', row.checksum.algorithm),
    row.checksum && element('ChecksumType', row.checksum.type),
    element('Size', row.size),
    owner && element('Owner', [element('ID', owner.id), element('DisplayName', owner.name)]),
    element('StorageClass', row.storageClass ?? 'STANDARD'),
  ]);
}

export function prefixElement(prefix: string, encode: ListingForm['encode']): Element {
  return element('CommonPrefixes', element('Prefix', encode(prefix)));
}

/** The parameters, told back. */
export function listingHead(
  bucket: string,
  form: Omit<ListingForm, 'prefix'> & { readonly prefix: string | undefined },
): readonly (Element | undefined)[] {
  return [
    element('Name', bucket),
    form.prefix === undefined ? undefined : element('Prefix', form.encode(form.prefix)),
    element('MaxKeys', form.limit),
    form.delimiter === '' ? undefined : element('Delimiter', form.encode(form.delimiter)),
    optional('EncodingType', form.encodingType),
  ];
}
