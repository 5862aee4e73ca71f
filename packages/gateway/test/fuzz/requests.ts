/** Raw bytes for the fuzzer: what request smuggling is made of, damaged at random, in any pieces. Pure. */

type Random = () => number;
const below = (random: Random, limit: number): number => Math.floor(random() * limit);
const pick = <T>(random: Random, items: readonly T[]): T => items[below(random, items.length)]!;

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'QUERY'];
const CONNECTIONS = [
  '',
  'Connection: keep-alive\r\n',
  'Connection: content-length\r\n',
  'Connection: transfer-encoding\r\n',
  'Connection: Content-Length, Transfer-Encoding, Host, close\r\n',
  'Connection: keep-alive, x-request-id\r\n',
  'Connection: Upgrade\r\nUpgrade: websocket\r\n',
  'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
  'Connection: te\r\nTE: trailers\r\n',
];
const CODINGS = [
  'Transfer-Encoding: chunked',
  'transfer-encoding: Chunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: "chunked"',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
  'Transfer-Encoding:\r\n chunked',
  'X: y\nTransfer-Encoding: chunked',
  'X: y\rTransfer-Encoding: chunked',
  'Transfer_Encoding: chunked',
  'Transfer-Encoding\0: chunked',
  'Trailer: X\r\nTransfer-Encoding: chunked',
];
const NOISE = [
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  ':',
  '\0',
  '\x0b',
  ',',
  '0',
  '\x7f',
  ';',
  '\r\n\r\n',
  'Content-Length: 1\r\n',
];

const EXTENSIONS = ['', '', '', ';a=b', ';a="b"'];
const TRAILERS = ['', '', 'X-Trailer: 1\r\n', 'X-Request-Id: trailer-0001\r\n'];

/** A body in chunks of random sizes, some with extensions, perhaps with trailers. */
function chunked(random: Random, body: string, trailers: readonly string[] = TRAILERS): string {
  let text = '';
  for (let at = 0; at < body.length; ) {
    const size = 1 + below(random, body.length - at);
    const extension = pick(random, EXTENSIONS);
    text += `${size.toString(16)}${extension}\r\n${body.slice(at, at + size)}\r\n`;
    at += size;
  }
  return `${text}0\r\n${pick(random, trailers)}\r\n`;
}

function damage(random: Random, bytes: string): string {
  const at = below(random, bytes.length);
  const from = random() < 0.3 ? at + 1 : at;
  return bytes.slice(0, at) + (random() < 0.3 ? '' : pick(random, NOISE)) + bytes.slice(from);
}

/** Cut into one to six pieces, which are sent one after the other. */
export function inPieces(random: Random, bytes: string): readonly string[] {
  const cuts = Array.from({ length: below(random, 6) }, () => below(random, bytes.length)).sort(
    (a, b) => a - b,
  );
  return [0, ...cuts]
    .map((start, i) => bytes.slice(start, cuts[i] ?? bytes.length))
    .filter(piece => piece !== '');
}

/** A request whose body is another, framed in one of the ways in which servers have disagreed, and some of them damaged. */
export function attack(random: Random, prefix: string, name: string): string {
  const smuggled = `GET ${prefix}/smuggled HTTP/1.1\r\nHost: a\r\nX-Request-Id: smuggled-${name}\r\n\r\n`;
  const head = `${pick(random, METHODS)} ${prefix}/attack HTTP/${random() < 0.9 ? '1.1' : '1.0'}\r\nHost: a\r\n`;
  const lengthOf = (text: string) =>
    pick(random, [
      `${text.length}`,
      `${text.length}`,
      '0',
      '5',
      `+${text.length}`,
      `0${text.length}`,
      `${text.length}, 0`,
    ]);
  const inChunks = chunked(random, smuggled, [...TRAILERS, 'Content-Length: 5\r\n']);
  const framed = pick(random, [
    () => `Content-Length: ${lengthOf(smuggled)}\r\n\r\n${smuggled}`,
    () => `${pick(random, CODINGS)}\r\n\r\n${inChunks}`,
    () => `${pick(random, CODINGS)}\r\nContent-Length: ${lengthOf(inChunks)}\r\n\r\n${inChunks}`,
    () => `Content-Length: ${lengthOf(smuggled)}\r\n${pick(random, CODINGS)}\r\n\r\n0\r\n\r\n${smuggled}`,
    () => `${pick(random, CODINGS)}\r\n\r\n0\r\n\r\n${smuggled}`,
    () => `Content-Length: 0\r\nContent-Length: ${lengthOf(smuggled)}\r\n\r\n${smuggled}`,
    () => `Expect: 100-continue\r\nContent-Length: ${lengthOf(smuggled)}\r\n\r\n${smuggled}`,
    // Broken off: the connection it came by is not to be another's.
    () => `Content-Length: ${smuggled.length + 100}\r\n\r\n${smuggled}`,
    () => `Transfer-Encoding: chunked\r\n\r\nffff\r\n${smuggled}`,
    () => `\r\n${smuggled}`,
  ])();
  let bytes = head + pick(random, CONNECTIONS) + framed;
  for (let i = below(random, 3); i > 0; i--) bytes = damage(random, bytes);
  return bytes;
}

/** A well-formed upload that has to arrive whole, however it is framed and whatever its Connection names. */
export function upload(
  random: Random,
  prefix: string,
  id: string,
): { readonly bytes: string; readonly bodyBytes: number } {
  const body = 'x'.repeat(below(random, random() < 0.1 ? 100_000 : 3000));
  const framed =
    random() < 0.5
      ? `Content-Length: ${body.length}\r\n\r\n${body}`
      : `Transfer-Encoding: chunked\r\n\r\n${chunked(random, body)}`;
  const connection = pick(random, CONNECTIONS.slice(0, 4));
  const head = `${pick(random, METHODS.slice(0, 3))} ${prefix}/upload HTTP/1.1\r\nHost: a\r\nX-Request-Id: ${id}\r\n`;
  return { bytes: head + connection + framed, bodyBytes: body.length };
}
