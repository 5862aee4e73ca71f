/** How requests name things, and how answers are read. Pure. */
import { childOf, parseXml as parse, type XmlNode } from '../xml/parse.ts';
import { ClientError } from './error.ts';

export interface Place {
  readonly bucket: string;
  readonly key: string;
}

export type Headers = Readonly<Record<string, string | undefined>>;

export const pathOf = ({ bucket, key }: Place): string => `/${bucket}/${key}`;
export const quoted = (etag: string): string => `"${etag}"`;

/** @throws {ClientError} what answers is no server of S3 */
export function parseAnswer(body: Buffer, ...rootNames: string[]): XmlNode {
  try {
    return parse(body, ...rootNames);
  } catch (error) {
    throw new ClientError('BadAnswer', 200, 'The answer is none of S3’s.', 'Check the address.', error);
  }
}

export function unquote(etag: string | undefined): string {
  return (etag ?? '').replace(/^"|"$/g, '');
}

export function need(node: XmlNode, name: string): string {
  const text = childOf(node, name)?.text;
  if (text === undefined)
    throw new ClientError('BadAnswer', 200, `The server’s answer has no ${name}.`, 'Check the address.');
  return text;
}

/** Where the next page of a list begins; undefined behind the last one. @throws {ClientError} where a page does not say: a list without its end is none */
export function nextPage(page: XmlNode, name: string): string | undefined {
  if (need(page, 'IsTruncated') !== 'true') return undefined;
  const next = need(page, name);
  if (next !== '') return next;
  throw new ClientError('BadAnswer', 200, `The server’s answer has no ${name}.`, 'Check the address.');
}

/** Listings are asked for in URLs' encoding, as XML has no place for some characters; some servers write a space as plus. */
export function decode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

export function encodeSource({ bucket, key }: Place): string {
  return encodeURIComponent(`${bucket}/${key}`).replaceAll('%2F', '/');
}

/** A long answer may begin before it is known how it ends. @throws {ClientError} */
export function assertNoError(text: string, { bucket, key }: Place): void {
  if (!/<Error>/.test(text)) return;
  const code = /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? 'InternalError';
  throw new ClientError(
    code,
    200,
    `${bucket}/${key}: ${/<Message>([^<]*)/.exec(text)?.[1] ?? code}`,
    'Run the command again.',
  );
}
