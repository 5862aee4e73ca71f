/** Headers of a client that go on to webhooks and remote schemas. */
import { connectionHeaders } from '../auth/connectionHeaders.ts';
import type { Headers } from '../auth/session.ts';
import type { HeaderList } from './request.ts';

/** What is of the connection to us, or would tell who asks in ways that we have not looked at. */
const notForwarded: ReadonlySet<string> = new Set([
  ...connectionHeaders,
  'keep-alive',
  'te',
  'trailer',
  'expect',
  'proxy-authorization',
  'x-hasura-admin-secret',
  'x-hasura-access-key',
]);

/** With where they came from, as proxies tell it. Pure. */
export function forwardedHeaders(headers: Headers, ignored: readonly string[]): HeaderList {
  const skip = new Set(ignored.map(name => name.toLowerCase()));
  const kept = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined || notForwarded.has(name) || skip.has(name) ? [] : [[name, value] as const],
  );
  const from: HeaderList = [
    ...(headers.host === undefined ? [] : [['X-Forwarded-Host', headers.host] as const]),
    ...(headers['user-agent'] === undefined
      ? []
      : [['X-Forwarded-User-Agent', headers['user-agent']] as const]),
    ...(headers.origin === undefined ? [] : [['X-Forwarded-Origin', headers.origin] as const]),
  ];
  return [...kept, ...from];
}
