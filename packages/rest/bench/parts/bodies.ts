/** Large bodies of every kind, and, started as a process, the client that sends one of them. */
import { request } from 'node:http';

interface BodyKind {
  readonly path: string;
  readonly type: string;
  make(bytes: number): Buffer;
}

const json = 'application/json';
const csv = 'text/csv';
const form = 'application/x-www-form-urlencoded';

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
  bytes: {
    path: '/rpc/take_bytes',
    type: 'application/octet-stream',
    make: bytes => Buffer.alloc(bytes, 0xff),
  },
};

if (process.send) {
  const [kind = '', megabytes = '', origin = '', authorization = ''] = process.argv.slice(2);
  const { path, type, make } = bodyKinds[kind]!;
  const body = make(Number(megabytes) * 1e6);
  const sent = request(
    origin + path,
    { method: 'POST', headers: { authorization, 'content-type': type, 'content-length': body.length } },
    response => {
      response.resume().on('end', () => process.send?.(response.statusCode, () => process.exit()));
    },
  );
  // A refusal may come before all is sent.
  sent.on('error', error => process.send?.((error as NodeJS.ErrnoException).code, () => process.exit()));
  sent.end(body);
}
