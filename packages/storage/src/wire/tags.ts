/** Tags, as a header, a form field or a document has them. Pure. @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html */
import { S3Error } from '../errors/s3Error.ts';
import type { Tags } from '../store/rows.ts';
import { childOf, childrenOf, malformed, textOf, type XmlNode } from '../xml/parse.ts';
import { document, element } from '../xml/write.ts';

export const maxObjectTags = 10;
export const maxBucketTags = 50;

/** `a=b&c=d`. @throws {S3Error} InvalidTag, InvalidArgument */
export function readTagHeader(text: string): Tags {
  return checked([...new URLSearchParams(text)], maxObjectTags);
}

/** @throws {S3Error} MalformedXML, InvalidTag */
export function readTagging(root: XmlNode, most: number): Tags {
  const set = childOf(root, 'TagSet');
  if (set === undefined) throw malformed();
  return checked(
    childrenOf(set, 'Tag').map((tag): [string, string] => {
      const key = textOf(tag, 'Key');
      const value = childOf(tag, 'Value')?.text;
      if (key === undefined || value === undefined) throw malformed();
      return [key, value];
    }),
    most,
  );
}

export function renderTagging(tags: Tags): string {
  return document(
    'Tagging',
    element(
      'TagSet',
      Object.entries(tags)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => element('Tag', [element('Key', key), element('Value', value)])),
    ),
  );
}

function checked(pairs: readonly (readonly [string, string])[], most: number): Tags {
  if (pairs.length > most) throw new S3Error('InvalidTag', `Object tags cannot be greater than ${most}`);
  const tags: Record<string, string> = Object.create(null);
  for (const [key, value] of pairs) {
    if (key in tags) throw new S3Error('InvalidTag', 'Cannot provide multiple Tags with the same key');
    if (key === '' || key.length > 128)
      throw new S3Error('InvalidTag', 'The TagKey you have provided is invalid');
    if (value.length > 256) throw new S3Error('InvalidTag', 'The TagValue you have provided is invalid');
    tags[key] = value;
  }
  return { ...tags };
}
