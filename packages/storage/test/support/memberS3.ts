/** S3 as somebody who has a token. */
import { createHash } from 'node:crypto';
import { sign } from '@peakstone/kernel/sigv4';
import { encodePath } from '../../src/wire/encode.ts';
import { anonKey } from './supabase.ts';

interface MemberAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** @param place bucket and key, and a query behind them */
export type MemberS3 = (
  jwt: string,
  method: string,
  place: string,
  body?: string,
  more?: Readonly<Record<string, string>>,
) => Promise<MemberAnswer>;

export async function memberS3(
  url: string,
  ...[jwt, method, place, body = '', more = {}]: Parameters<MemberS3>
) {
  const answer = await fetch(...signedAs(url, jwt, method, place, body, more));
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

/** A request to send. @param more with a digest where the body is to come otherwise */
export function signedAs(
  server: string,
  jwt: string,
  method: string,
  place: string,
  body: string,
  more: Readonly<Record<string, string>>,
): [url: string, init: RequestInit & { headers: Record<string, string> }] {
  const [path, query = ''] = place.split('?') as [string, string?];
  const pathname = `/v1/s3/${encodePath(path)}`;
  const url = { host: new URL(server).host, pathname, searchParams: new URLSearchParams(query) } as URL;
  const digest = more['x-amz-content-sha256'] ?? createHash('sha256').update(body).digest('hex');
  const headers = { 'x-amz-content-sha256': digest, 'x-amz-security-token': jwt, ...more };
  const keys = { region: 'local', accessKey: 'a-project', secretKey: anonKey };
  const signed = sign(keys, method, url, headers, digest, new Date());
  return [`${server}${pathname}${query && `?${query}`}`, { method, headers: signed, ...(body && { body }) }];
}
