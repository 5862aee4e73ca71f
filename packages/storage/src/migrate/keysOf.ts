import type { VersionEntry } from '../client/index.ts';
import type { SourceKey } from './source.ts';

/** A listing of versions, newest first, as keys with theirs, oldest first. */
export async function* keysOf(entries: AsyncIterable<VersionEntry>): AsyncGenerator<SourceKey> {
  let key: string | undefined;
  let versions: VersionEntry[] = [];
  for await (const entry of entries) {
    if (entry.key !== key) {
      if (key !== undefined) yield { key, versions: versions.reverse() };
      key = entry.key;
      versions = [];
    }
    versions.push(entry);
  }
  if (key !== undefined) yield { key, versions: versions.reverse() };
}
