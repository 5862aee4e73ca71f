/** Large bodies of every kind, and, started as a process, the client that sends one of them. */
import { request } from 'node:http';

interface BodyKind {
  readonly path: string;
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where less than 60 MB is all that is taken. */
  readonly maxBytes?: number;
  make(bytes: number): Buffer;
}

const json = 'application/json';
const csv = 'text/csv';
const form = 'application/x-www-form-urlencoded';

/** Batches and nested inserts take 4 MiB. */
const ownBytes = 4_000_000;

/** As many units as fit. */
const repeated = (bytes: number, head: string, unit: string, tail: string): Buffer =>
  Buffer.from(head + unit.repeat(Math.max(1, Math.floor(bytes / unit.length))) + tail);

export const bodyKinds: Readonly<Record<string, BodyKind>> = {
  brackets: { path: '/loaded', type: json, make: bytes => repeated(bytes, '', '[', '') },
  keys: {
    path: '/loaded',
    type: json,
    make: bytes =>
      Buffer.from(`{${Array.from({ length: Math.floor(bytes / 12) }, (_, i) => `"k${i}":1`).join(',')}}`),
  },
  mixed: {
    path: '/loaded',
    type: json,
    make: bytes => repeated(bytes, '[{"id":1}', ',{"a":1,"b":2},{"b":1,"a":1}', ']'),
  },
  text: { path: '/rpc/take', type: json, make: bytes => repeated(bytes, '{"a":"', 'é\\n', '"}') },
  'json rows': {
    path: '/loaded',
    type: json,
    make: bytes =>
      repeated(
        bytes,
        '[{"id":1,"name":"n","price":1,"stock":1}',
        ',{"id":1234,"name":"person number 1234","price":12.34,"stock":5}',
        ']',
      ),
  },
  'csv rows': {
    path: '/loaded',
    type: csv,
    make: bytes => repeated(bytes, 'id,name,price,stock\n', '1234,person number 1234,12.34,5\n', ''),
  },
  'csv quotes': { path: '/loaded', type: csv, make: bytes => repeated(bytes, 'name\n"', '""', '"\n') },
  'csv commas': {
    path: '/loaded',
    type: csv,
    make: bytes => repeated(bytes, 'id\n1\n', ',', '\n'),
  },
  'form fields': { path: '/loaded', type: form, make: bytes => repeated(bytes, '', 'a=1&', '') },
  'form value': { path: '/loaded', type: form, make: bytes => repeated(bytes, 'name=', '%41', '') },
  'nested rows': {
    path: '/parents',
    type: json,
    headers: { prefer: 'nested=insert' },
    maxBytes: ownBytes,
    make: bytes =>
      repeated(
        bytes,
        '[{"name":"p"}',
        ',{"name":"parent of two","children":[{"name":"first","price":1.5},{"name":"second","price":2.25}]}',
        ']',
      ),
  },
  'nested keys': {
    path: '/parents',
    type: json,
    headers: { prefer: 'nested=insert' },
    maxBytes: ownBytes,
    make: bytes =>
      Buffer.from(
        `{"name":"p",${Array.from({ length: Math.floor(bytes / 14) }, (_, i) => `"k${i}":[]`).join(',')}}`,
      ),
  },
  'batch rows': {
    path: '/batch',
    type: json,
    maxBytes: ownBytes,
    make: bytes => {
      const row = '{"id":1234,"name":"person number 1234","price":12.34,"stock":5}';
      const rows = Array.from({ length: Math.floor(bytes / 100 / row.length) }, () => row).join(',');
      const request = `{"method":"POST","path":"/loaded","body":[${rows}]}`;
      return Buffer.from(`[${Array.from({ length: 100 }, () => request).join(',')}]`);
    },
  },
  'batch text': {
    path: '/batch',
    type: json,
    maxBytes: ownBytes,
    make: bytes =>
      repeated(
        bytes,
        '[{"method":"POST","path":"/loaded","headers":{"Content-Type":"text/csv"},"body":"id,name\\n',
        '1,\\u0041\\n',
        '"}]',
      ),
  },
  bytes: {
    path: '/rpc/take_bytes',
    type: 'application/octet-stream',
    make: bytes => Buffer.alloc(bytes, 0xff),
  },
};

if (process.send) {
  const [kind = '', megabytes = '', origin = '', authorization = ''] = process.argv.slice(2);
  const { path, type, headers, maxBytes = Number.POSITIVE_INFINITY, make } = bodyKinds[kind]!;
  const body = make(Math.min(Number(megabytes) * 1e6, maxBytes));
  const sent = request(
    origin + path,
    {
      method: 'POST',
      headers: { authorization, 'content-type': type, 'content-length': body.length, ...headers },
    },
    response => {
      response.resume().on('end', () => process.send?.(response.statusCode, () => process.exit()));
    },
  );
  // A refusal may come before all is sent.
  sent.on('error', error => process.send?.((error as NodeJS.ErrnoException).code, () => process.exit()));
  sent.end(body);
}
