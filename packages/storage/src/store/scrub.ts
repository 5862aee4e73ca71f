/**
 * Reads everything there is and holds it against its checksums, and looks for files that nobody knows. It changes nothing:
 * what cannot be explained is told, never deleted.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { checkBlob } from './blobs/check.ts';
import { isBlobId, pathOf } from './blobs/layout.ts';
import { blobsFolder } from './folder.ts';
import { numberKey, objectKeyOf, textKey } from './index/keys.ts';
import { type BlobRef, decodeRow, type ManifestPart, type ObjectRow, type PartRow } from './rows.ts';
import type { Store } from './store.ts';

export interface ScrubProblem {
  readonly kind: 'damagedRow' | 'damagedBody' | 'missingBody' | 'orphan';
  /** A bucket and a key, an upload's part, or a file. */
  readonly what: string;
  readonly reason: string;
}

export interface ScrubReport {
  readonly versions: number;
  readonly parts: number;
  readonly bytes: number;
  readonly problems: readonly ScrubProblem[];
}

const rowsAtOnce = 256;
const maxProblems = 1000;

/** @param onProgress told of bytes read so far */
export async function scrub(
  store: Store,
  onProgress: (bytes: number) => void = () => {},
): Promise<ScrubReport> {
  const { index } = store;
  const problems: ScrubProblem[] = [];
  const known = new Set<string>();
  let versions = 0;
  let parts = 0;
  let bytes = 0;
  const tell = (kind: ScrubProblem['kind'], what: string, reason: string): void => {
    if (problems.length < maxProblems) problems.push({ kind, what, reason });
  };
  const checkBody = async (what: string, blob: BlobRef, size: number, isSealed: boolean): Promise<void> => {
    switch (blob.kind) {
      case 'none':
        return;
      case 'inline': {
        const body = index.get('bodies', numberKey(blob.id));
        if (body === undefined) tell('missingBody', what, 'its body is not in the index');
        else if (crc32(body) !== blob.crc) tell('damagedBody', what, 'its checksum is another');
        bytes += size;
        return;
      }
      case 'file': {
        known.add(blob.id);
        const problem = await checkBlob(
          path.join(store.folder, blobsFolder, pathOf(blob.id)),
          blob.id,
          size,
          isSealed,
        );
        if (problem !== undefined) tell(problem.kind, what, problem.reason);
        bytes += size;
        return;
      }
      case 'parts': {
        const manifest = readRow<ManifestPart[]>(index.get('manifests', numberKey(blob.id)));
        if (manifest === undefined) tell('missingBody', what, 'the list of its parts is gone or damaged');
        for (const part of manifest ?? [])
          await checkBody(`${what} part ${part.number}`, part.blob, part.size, isSealed);
      }
    }
  };
  const names = new Map(store.buckets.all().map(({ id, name }) => [id, name]));
  for await (const { key, value } of rowsOf(store, 'objects')) {
    const what = `${names.get(key.readUInt32BE(0)) ?? '?'}/${objectKeyOf(key).toString('utf8')}`;
    const row = readRow<ObjectRow>(value);
    versions++;
    if (row === undefined) tell('damagedRow', what, 'its checksum is another');
    else await checkBody(what, row.blob, row.size, row.sealed !== undefined);
    onProgress(bytes);
  }
  const sealedUploads = new Set<string>();
  for await (const { key, value } of rowsOf(store, 'uploads')) {
    if (readRow<{ draft?: { sealed?: object } }>(value)?.draft?.sealed)
      sealedUploads.add(key.toString('latin1').slice(-32));
  }
  for await (const { key, value } of rowsOf(store, 'parts')) {
    const uploadId = key.toString('latin1', 0, 32);
    const row = readRow<PartRow>(value);
    parts++;
    if (row === undefined) tell('damagedRow', `upload ${uploadId}`, 'a part’s checksum is another');
    else
      await checkBody(
        `upload ${uploadId} part ${row.number}`,
        row.blob,
        row.size,
        sealedUploads.has(uploadId),
      );
  }
  for (const id of await filesOf(store)) {
    if (
      known.has(id) ||
      index.get('pending', textKey(id)) !== undefined ||
      index.get('trash', textKey(id)) !== undefined
    )
      continue;
    tell('orphan', pathOf(id), 'no object has this file');
  }
  return { versions, parts, bytes, problems };
}

async function* rowsOf({ index }: Store, table: 'objects' | 'parts' | 'uploads') {
  for (let from: Buffer = Buffer.of(0); ; ) {
    const entries = index.range(table, from, undefined, rowsAtOnce);
    yield* entries;
    if (entries.length < rowsAtOnce) return;
    from = Buffer.concat([entries.at(-1)!.key, Buffer.of(0)]);
  }
}

function readRow<Row>(bytes: Buffer | undefined): Row | undefined {
  if (bytes === undefined) return undefined;
  try {
    return decodeRow<Row>(bytes);
  } catch {
    // The only failure is damage, which the caller tells.
    return undefined;
  }
}

async function filesOf({ folder }: Store): Promise<string[]> {
  const root = path.join(folder, blobsFolder);
  const ids: string[] = [];
  for (const sub of await readdir(root)) {
    for (const name of await readdir(path.join(root, sub))) {
      const id = sub + name;
      ids.push(isBlobId(id) ? id : `${sub}/${name}`);
    }
  }
  return ids;
}
