/** What `cp` does: which source becomes which target, and all of it, several at a time. Lists folders and buckets. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { forEachOf, Gate } from '../gate.ts';
import { unquote } from './answers.ts';
import type { Connection } from './connection.ts';
import { contentTypeOf } from './contentType.ts';
import { copyBetween, copyWithin } from './copy.ts';
import { downloadFile } from './download.ts';
import { ClientError } from './error.ts';
import { headObject, listObjects } from './objects.ts';
import { uploadFile, uploadStream } from './upload.ts';

/** One end of a copy, its server known. */
export type End =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'stream' }
  | { readonly kind: 's3'; readonly connection: Connection; readonly bucket: string; readonly key: string };

export interface TransferRequest {
  readonly sources: readonly End[];
  readonly target: End;
  readonly recursive: boolean;
  /** Passes over what is there already, and goes on with what was broken off. */
  readonly resume: boolean;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly stdin: AsyncIterable<Buffer>;
  onObject(moved: Moved): void;
  /** Of one that could not be moved, where others can. */
  onFailure(source: string, error: ClientError): void;
  onBytes(bytes: number): void;
  /** Another one was found, of so many bytes. */
  onFound(bytes: number): void;
  readonly signal: AbortSignal;
}

export interface Moved {
  readonly source: string;
  readonly target: string;
  readonly size: number;
  /** It was there already. */
  readonly skipped: boolean;
}

interface Item {
  readonly source: End;
  readonly target: End;
  readonly size: number;
  readonly modifiedMs: number;
  /** Of an object. */
  readonly etag?: string;
}

const itemsAtOnce = 16;
const maxHeldBytes = 128 * 1024 * 1024;

/** @throws {ClientError} for what cannot be meant; what fails one by one goes to `onFailure` */
export async function transfer(request: TransferRequest): Promise<void> {
  assertMeant(request);
  const gate = new Gate(maxHeldBytes);
  await forEachOf(itemsOf(request), itemsAtOnce, async item => {
    request.signal.throwIfAborted();
    const [source, target] = [nameOf(item.source), nameOf(item.target)];
    try {
      if (request.resume && (await isThere(item))) {
        request.onBytes(item.size);
        request.onObject({ source, target, size: item.size, skipped: true });
        return;
      }
      const size = await move(item, request, gate);
      request.onObject({ source, target, size, skipped: false });
    } catch (error) {
      request.signal.throwIfAborted();
      request.onFailure(source, asClientError(error));
    }
  });
}

/** @throws {ClientError} */
function assertMeant({ sources, target }: TransferRequest): void {
  const refuse = (message: string, hint: string): never => {
    throw new ClientError('Usage', 0, message, hint);
  };
  if (target.kind === 's3' && target.bucket === '')
    refuse('The target has no bucket.', 'Write it as s3://BUCKET/ or s3://BUCKET/KEY.');
  if (target.kind !== 's3' && sources.some(({ kind }) => kind !== 's3'))
    refuse('Neither end is an object.', 'Objects are written s3://BUCKET/KEY, ALIAS:BUCKET/KEY or https://…');
  if (target.kind === 'stream' && sources.length > 1)
    refuse('One object at a time goes to standard output.', 'Name a folder.');
  if (target.kind === 's3' && target.key === '' && sources.some(({ kind }) => kind === 'stream'))
    refuse('What comes from standard input needs a key.', 'Write the target as s3://BUCKET/KEY.');
}

async function* itemsOf(request: TransferRequest): AsyncGenerator<Item> {
  for (const source of request.sources) {
    request.signal.throwIfAborted();
    for await (const item of expand(source, request)) {
      request.onFound(item.size);
      yield item;
    }
  }
}

async function* expand(source: End, request: TransferRequest): AsyncGenerator<Item> {
  const { target, sources, recursive } = request;
  const many = sources.length > 1;
  switch (source.kind) {
    case 'stream':
      yield { source, target, size: 0, modifiedMs: Number.NaN };
      return;
    case 'file': {
      const found = await statOf(source.path);
      if (!found.isDirectory()) {
        const name = path.basename(source.path);
        yield {
          source,
          target: (await isFolder(target, many)) ? below(target, name) : target,
          size: found.size,
          modifiedMs: found.mtimeMs,
        };
        return;
      }
      if (!recursive) throw needsRecursive(source.path);
      // As rsync and mc have it: `DIR/` is what is in it, `DIR` the folder itself.
      const top = /[/\\]$/.test(source.path) || source.path === '.' ? '' : `${path.basename(source.path)}/`;
      for await (const { name, size, modifiedMs } of filesBelow(source.path, '', request.onFailure))
        yield {
          source: { kind: 'file', path: path.join(source.path, name) },
          target: below(target, `${top}${name}`),
          size,
          modifiedMs,
        };
      return;
    }
    case 's3':
      yield* recursive ? expandPrefix(source, request) : expandObject(source, target, many);
  }
}

async function* expandObject(
  source: End & { readonly kind: 's3' },
  target: End,
  many: boolean,
): AsyncGenerator<Item> {
  const { connection, bucket, key } = source;
  if (key === '' || key.endsWith('/')) throw needsRecursive(`${bucket}/${key}`);
  const head = await headObject(connection, { bucket, key });
  if (head === undefined)
    throw new ClientError(
      'NoSuchKey',
      404,
      `There is no object ${bucket}/${key}.`,
      `See what there is: peakstone storage ls ${bucket}/. All below a prefix: -r`,
    );
  yield {
    source,
    target: (await isFolder(target, many)) ? below(target, key.slice(key.lastIndexOf('/') + 1)) : target,
    size: Number(head.headers['content-length']),
    modifiedMs: Date.parse(String(head.headers['last-modified'])),
    etag: unquote(head.headers.etag),
  };
}

async function* expandPrefix(
  source: End & { readonly kind: 's3' },
  { target, onFailure }: TransferRequest,
): AsyncGenerator<Item> {
  const { connection, bucket, key: prefix } = source;
  // What comes before the last slash of the prefix is where it begins.
  const cut = prefix.lastIndexOf('/') + 1;
  let found = false;
  for await (const entry of listObjects(connection, { bucket, key: prefix }, '')) {
    if (entry.kind === 'prefix') continue;
    found = true;
    const name = entry.key.slice(cut);
    if (target.kind === 'file' && name.endsWith('/') && entry.size === 0) continue;
    const reason = target.kind === 'file' ? whyNoFile(name) : undefined;
    if (reason !== undefined) {
      onFailure(
        `${bucket}/${entry.key}`,
        new ClientError(
          'NoFile',
          0,
          `${bucket}/${entry.key}: ${reason}.`,
          'Copy it alone, to a name of yours.',
        ),
      );
      continue;
    }
    yield {
      source: { kind: 's3', connection, bucket, key: entry.key },
      target: below(target, name),
      size: entry.size,
      modifiedMs: Date.parse(entry.modified),
      etag: entry.etag,
    };
  }
  if (!found && prefix !== '')
    throw new ClientError(
      'NoSuchKey',
      404,
      `There is nothing below ${bucket}/${prefix}.`,
      `See what there is: peakstone storage ls ${bucket}/`,
    );
}

/** A key is anything; a path leads somewhere. Pure. */
export function whyNoFile(name: string): string | undefined {
  if (name === '' || name.endsWith('/')) return 'its name ends with a slash, which no file’s does';
  if (name.includes('\0')) return 'no file’s name holds a NUL';
  const parts = name.split('/');
  if (parts.some(part => part === '..' || part === '.' || part === ''))
    return 'as a file’s name it would lead out of the folder, or to another';
  if (path.sep === '\\' && /[\\:]/.test(name)) return 'no file’s name holds a backslash or a colon here';
  return undefined;
}

async function* filesBelow(
  root: string,
  sub: string,
  onFailure: TransferRequest['onFailure'],
): AsyncGenerator<{ readonly name: string; readonly size: number; readonly modifiedMs: number }> {
  const entries = await readdir(path.join(root, sub), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = `${sub}${entry.name}`;
    if (entry.isDirectory()) {
      yield* filesBelow(root, `${name}/`, onFailure);
      continue;
    }
    try {
      // A link to a file is that file; one to a folder could lead in a circle. Sockets and pipes have no end.
      const found = await statOf(path.join(root, name));
      if (found.isFile()) yield { name, size: found.size, modifiedMs: found.mtimeMs };
    } catch (error) {
      onFailure(path.join(root, name), asClientError(error));
    }
  }
}

async function move({ source, target, size }: Item, request: TransferRequest, gate: Gate): Promise<number> {
  const { resume, onBytes, headers } = request;
  if (target.kind === 's3') {
    const { connection, bucket, key } = target;
    const place = { bucket, key };
    switch (source.kind) {
      case 'file':
        return await uploadFile(connection, source.path, place, {
          ...{ gate, resume, onBytes },
          headers: { 'content-type': contentTypeOf(source.path), ...headers },
        });
      case 'stream':
        return await uploadStream(connection, request.stdin, place, { onBytes, headers });
      case 's3':
        return source.connection === connection
          ? await copyWithin(connection, source, place, { onBytes, headers })
          : await copyBetween(source.connection, source, connection, place, { gate, onBytes, headers });
    }
  }
  const from = source as End & { readonly kind: 's3' };
  if (target.kind === 'file')
    return await downloadFile(from.connection, from, target.path, { resume, onBytes });
  return size;
}

/** Of the same size, and as new as its source or of the same bytes. */
async function isThere({ source, target, size, modifiedMs, etag }: Item): Promise<boolean> {
  if (target.kind === 'stream' || source.kind === 'stream') return false;
  if (target.kind === 'file') {
    try {
      const found = await stat(target.path);
      return found.isFile() && found.size === size && Math.abs(found.mtimeMs - modifiedMs) < 2000;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }
  const head = await headObject(target.connection, target);
  if (head === undefined || Number(head.headers['content-length']) !== size) return false;
  return (
    (etag !== undefined && unquote(head.headers.etag) === etag) ||
    Date.parse(String(head.headers['last-modified'])) >= modifiedMs - 1000
  );
}

/** Whether a name is to be put below it. */
async function isFolder(target: End, many: boolean): Promise<boolean> {
  if (target.kind === 's3') return many || target.key === '' || target.key.endsWith('/');
  if (target.kind === 'stream') return false;
  if (many || /[/\\]$/.test(target.path)) return true;
  try {
    return (await stat(target.path)).isDirectory();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function below(target: End, name: string): End {
  if (target.kind === 'file') return { kind: 'file', path: path.join(target.path, name) };
  if (target.kind === 'stream') return target;
  const { key } = target;
  return { ...target, key: key === '' || key.endsWith('/') ? `${key}${name}` : `${key}/${name}` };
}

function nameOf(end: End): string {
  if (end.kind === 's3') return `${end.bucket}/${end.key}`;
  return end.kind === 'file' ? end.path : '-';
}

async function statOf(file: string) {
  try {
    return await stat(file);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new ClientError('NoFile', 0, `There is no file ${file}.`, 'Objects are written s3://BUCKET/KEY.');
  }
}

function needsRecursive(what: string): ClientError {
  return new ClientError('Usage', 0, `${what} is no single object.`, 'To copy all of it: cp -r');
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

function asClientError(error: unknown): ClientError {
  if (error instanceof ClientError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  // A disk's or a folder's; anything else is a bug of ours, to be seen as one.
  if (typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) throw error;
  return new ClientError(code, 0, message, 'Look at the file and its folder.', error);
}
