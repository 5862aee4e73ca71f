/**
 * The fast lane's grammar: the plain requests that nearly every client sends, and nothing else.
 *
 * It never refuses a request. Whatever isn't plainly well-formed is `handover`, and node:http's parser
 * decides; so a mistake here may only cost speed as long as what is accepted means the same to both.
 * @see https://www.rfc-editor.org/rfc/rfc9112
 */
import { detached } from '../../boundedCache.ts';

/** Header fields of one request, joined form, with what framing needs. Frozen: a connection reuses it. */
export interface HeaderBlock {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly contentLength: number;
  /** The client sent `Connection: close`. */
  readonly close: boolean;
}

export type FastParse =
  | {
      readonly kind: 'request';
      readonly method: string;
      readonly target: string;
      readonly block: HeaderBlock;
      readonly bodyStart: number;
      readonly end: number;
    }
  /** More bytes are needed: at least `need` from the start offset; 0 when the header block itself is unfinished. */
  | { readonly kind: 'incomplete'; readonly need: number }
  | { readonly kind: 'handover' };

/** The header block parsed last on this connection; clients repeat it byte for byte. */
export interface LastBlock {
  text: string;
  block: HeaderBlock;
}

const HANDOVER: FastParse = { kind: 'handover' };
const INCOMPLETE_HEAD: FastParse = { kind: 'incomplete', need: 0 };
const END_OF_HEAD = Buffer.from('\r\n\r\n');

const REQUEST_LINE = /^(GET|POST|PATCH|PUT|DELETE|HEAD|OPTIONS) (\/[\x21-\x7e\x80-\xff]*) HTTP\/1\.1$/;
/** A path without its first slash; no colon, so that it cannot be an absolute or authority form. */
const ROOTLESS_LINE =
  /^(GET|POST|PATCH|PUT|DELETE|HEAD|OPTIONS) ([A-Za-z_][A-Za-z0-9_.~%/-]*(?:\?[\x21-\x7e\x80-\xff]*)?) HTTP\/1\.1$/;
/** Longer request lines go on as they are. */
const MAX_LINE_BYTES = 8 * 1024;
const METHODS = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'];
const LINE_START = /^([A-Z]{1,7})(?:( )(?:\/[\x21-\x7e\x80-\xff]*(?: ([HTP/1.]{0,8})(\r)?)?)?)?$/;
const HEADER_START = /^(?:[A-Za-z0-9_-]+(?::[\t\x20-\x7e\x80-\xff]*)?)?\r?$/;
const NAME = /^[A-Za-z0-9_-]+$/;
const VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;
/** Lists whose repeated fields are joined; a repetition of any other is the other parser's. */
const LISTS = new Set(['accept', 'prefer']);
const LENGTH = /^(?:0|[1-9][0-9]{0,9})$/;
const HOST = /^[A-Za-z0-9._:[\]-]+$/;

/** Fields that change framing, routing or the connection itself: always the other parser's. */
const FOREIGN = new Set([
  'transfer-encoding',
  'upgrade',
  'expect',
  'te',
  'trailer',
  'http2-settings',
  'proxy-connection',
  'keep-alive',
  'set-cookie',
  '__proto__',
]);

const lowerNames = new Map<string, string>();
const MAX_LOWER_NAMES = 1024;

/** Lower-case field name; `''` when the fast lane doesn't take it. */
function fieldName(raw: string): string {
  const known = lowerNames.get(raw);
  if (known !== undefined) return known;
  const lower = raw.toLowerCase();
  const name = NAME.test(raw) && !FOREIGN.has(lower) ? lower : '';
  if (raw.length <= 64 && lowerNames.size < MAX_LOWER_NAMES) lowerNames.set(detached(raw), detached(name));
  return name;
}

/**
 * Parses the lines after the request line, without the closing empty line. Pure.
 * @returns undefined when any line isn't plain.
 */
function parseHeaderBlock(text: string, needsHost = true): HeaderBlock | undefined {
  const headers: Record<string, string | undefined> = {};
  let contentLength = 0;
  let close = false;
  let hasHost = false;
  let start = 0;
  while (start < text.length) {
    let end = text.indexOf('\r\n', start);
    if (end < 0) end = text.length;
    const colon = text.indexOf(':', start);
    if (colon < 0 || colon >= end) return undefined;
    const name = fieldName(text.slice(start, colon));
    const repeated = headers[name];
    if (name === '' || (repeated !== undefined && !LISTS.has(name))) return undefined;
    // Exactly one space (or none) before the value and none after is what clients send.
    const value = text.slice(text.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1, end);
    if (!VALUE.test(value)) return undefined;
    switch (name) {
      case 'content-length':
        if (!LENGTH.test(value)) return undefined;
        contentLength = Number(value);
        break;
      case 'connection': {
        const option = value.toLowerCase();
        if (option === 'close') close = true;
        else if (option !== 'keep-alive') return undefined;
        break;
      }
      case 'host':
        if (!HOST.test(value)) return undefined;
        hasHost = true;
        break;
    }
    headers[name] = repeated === undefined ? value : `${repeated}, ${value}`;
    start = end + 2;
  }
  if (needsHost && !hasHost) return undefined;
  return { headers: Object.freeze(headers), contentLength, close };
}

const HIGH_BYTES = /[\x80-\xff]/g;

/**
 * Percent-encodes what isn't ASCII. Such targets are against the grammar, but curl sends what its user typed,
 * and every server but node:http takes them.
 */
function asciiTarget(target: string): string {
  return target.search(HIGH_BYTES) < 0
    ? target
    : target.replace(HIGH_BYTES, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Bytes to be handed over, with the target of the request they begin with in ASCII: node:http would refuse it. Pure. */
export function withAsciiTarget(unread: Buffer): Buffer {
  const lineEnd = unread.subarray(0, MAX_LINE_BYTES).indexOf('\r\n');
  if (lineEnd < 0) return unread;
  const line = unread.toString('latin1', 0, lineEnd);
  if (line.search(HIGH_BYTES) < 0 || !REQUEST_LINE.test(line)) return unread;
  return Buffer.concat([Buffer.from(asciiTarget(line), 'latin1'), unread.subarray(lineEnd)]);
}

/**
 * Whether the beginning of a header block can still become a plain one. What can't is handed over at once:
 * node:http answers a broken request as soon as it breaks, without waiting for its end. Pure.
 */
function isPlainStart(text: string): boolean {
  const lineEnd = text.indexOf('\r\n');
  if (lineEnd < 0) return isPlainLineStart(text);
  if (!REQUEST_LINE.test(text.slice(0, lineEnd))) return false;
  const lastEnd = text.lastIndexOf('\r\n');
  if (!HEADER_START.test(text.slice(lastEnd + 2))) return false;
  return lastEnd === lineEnd || parseHeaderBlock(text.slice(lineEnd + 2, lastEnd), false) !== undefined;
}

function isPlainLineStart(text: string): boolean {
  const line = LINE_START.exec(text);
  if (line === null) return false;
  const [, method = '', space = '', version = '', end = ''] = line;
  if (space === '' ? !METHODS.some(name => name.startsWith(method)) : !METHODS.includes(method)) return false;
  return end === '' ? 'HTTP/1.1'.startsWith(version) : version === 'HTTP/1.1';
}

/**
 * Parses the request that starts at `offset`. Pure apart from remembering the header block in `last`.
 * `maxHeadBytes` and `maxBodyBytes` bound what is taken here; larger requests are handed over.
 * With `rootless` a target that lacks its first slash is read as if it had it.
 */
export function parseFast(
  input: Buffer,
  offset: number,
  maxHeadBytes: number,
  maxBodyBytes: number,
  last: LastBlock,
  rootless = false,
): FastParse {
  const headEnd = input.indexOf(END_OF_HEAD, offset);
  if (headEnd < 0) {
    const waits = input.length - offset <= maxHeadBytes && isPlainStart(input.toString('latin1', offset));
    return waits ? INCOMPLETE_HEAD : HANDOVER;
  }
  if (headEnd - offset > maxHeadBytes) return HANDOVER;
  const text = input.toString('latin1', offset, headEnd);
  const lineEnd = text.indexOf('\r\n');
  if (lineEnd < 0) return HANDOVER;
  const requestLine = text.slice(0, lineEnd);
  const rooted = REQUEST_LINE.exec(requestLine);
  const line = rooted ?? (rootless ? ROOTLESS_LINE.exec(requestLine) : null);
  if (line === null) return HANDOVER;
  const blockText = text.slice(lineEnd + 2);
  let block: HeaderBlock | undefined = last.block;
  if (blockText !== last.text) {
    block = parseHeaderBlock(blockText);
    if (block === undefined) return HANDOVER;
    last.text = blockText;
    last.block = block;
  }
  const method = line[1]!;
  // A body on GET or HEAD means nothing to most servers, and has been used to smuggle requests past some.
  if (block.contentLength > 0 && (method === 'GET' || method === 'HEAD')) return HANDOVER;
  if (block.contentLength > maxBodyBytes) return HANDOVER;
  const bodyStart = headEnd + 4;
  const end = bodyStart + block.contentLength;
  if (end > input.length) return { kind: 'incomplete', need: end - offset };
  return {
    kind: 'request',
    method,
    target: asciiTarget(rooted ? line[2]! : `/${line[2]}`),
    block,
    bodyStart,
    end,
  };
}
