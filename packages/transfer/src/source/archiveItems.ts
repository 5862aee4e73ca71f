import { LineReader, readScript, splitScript } from '@peakstone/kernel/script';
import type { Archive, ArchiveEntry } from '../archive/index.ts';
import type { Item } from './item.ts';

/** What pg_restore leaves to the end: first all objects and rows, then privileges, then what acts on what is there. */
const PASSES: readonly ((kind: string) => boolean)[] = [
  kind => !isPrivileges(kind) && !isLast(kind),
  isPrivileges,
  isLast,
];

function isPrivileges(kind: string): boolean {
  return kind === 'ACL' || kind === 'ACL LANGUAGE' || kind === 'DEFAULT ACL';
}

function isLast(kind: string): boolean {
  return kind === 'EVENT TRIGGER' || kind === 'MATERIALIZED VIEW DATA';
}

/** Objects that are somebody's; their drop statement names them as ALTER does. */
const OWNED = new Set([
  ...['AGGREGATE', 'COLLATION', 'CONVERSION', 'DOMAIN', 'FOREIGN DATA WRAPPER', 'FOREIGN TABLE', 'FUNCTION'],
  ...['MATERIALIZED VIEW', 'OPERATOR', 'OPERATOR CLASS', 'OPERATOR FAMILY', 'PROCEDURE', 'PUBLICATION'],
  ...['SCHEMA', 'SEQUENCE', 'SERVER', 'STATISTICS', 'TABLE', 'TEXT SEARCH CONFIGURATION'],
  ...['TEXT SEARCH DICTIONARY', 'TYPE', 'VIEW'],
]);

/** The items of an archive, in the order in which pg_restore would say them. */
export async function* readArchiveItems(archive: Archive): AsyncGenerator<Item> {
  for (const isOfPass of PASSES)
    for (const entry of archive.entries) if (isOfPass(entry.kind)) yield* readEntry(entry, archive);
}

async function* readEntry(entry: ArchiveEntry, archive: Archive): AsyncGenerator<Item> {
  const { kind, definition, owner, dropStatement } = entry;
  const at = `${kind} ${entry.schema === '' ? '' : `${entry.schema}.`}${entry.tag}`;
  if (kind === 'BLOBS') {
    for await (const { oid, data } of archive.largeObjects(entry))
      yield { kind: 'largeObject', oid, data, at };
    return;
  }
  if (kind === 'BLOB METADATA') {
    for (const oid of definition.split(/\s+/).filter(Boolean))
      yield { kind: 'statement', text: `SELECT pg_catalog.lo_create('${Number(oid)}')`, at };
    return;
  }
  if (kind === 'TABLE DATA') {
    if (!entry.hasData) return;
    // With --inserts there is no COPY, and the data are statements.
    if (entry.copyStatement === '')
      for await (const piece of readScript(archive.rows(entry), at)) {
        if (piece.kind === 'statement') yield { kind: 'statement', text: piece.text, at };
      }
    else
      yield {
        kind: 'rows',
        copy: entry.copyStatement.trim().replace(/;$/, ''),
        rows: rowsOf(archive, entry),
        at,
      };
    return;
  }
  for (const piece of splitScript(definition))
    if (piece.kind === 'statement') yield { kind: 'statement', text: piece.text, at };
  const owned = /^DROP\s+(?:[A-Z ]+?\s+IF\s+EXISTS\s+)?/;
  if (owner !== '' && OWNED.has(kind) && dropStatement !== '') {
    const object = dropStatement.replace(owned, match =>
      match.replace(/^DROP\s+/, '').replace(/\s+IF\s+EXISTS/, ''),
    );
    yield {
      kind: 'statement',
      text: `ALTER ${object.trim().replace(/;$/, '')} OWNER TO "${owner.replaceAll('"', '""')}"`,
      at,
    };
  }
}

/** Without the line that ends them, which an archive keeps. */
async function* rowsOf(archive: Archive, entry: ArchiveEntry): AsyncGenerator<Buffer> {
  const lines = new LineReader(archive.rows(entry));
  try {
    yield* lines.rows();
  } finally {
    await lines.close();
  }
}
