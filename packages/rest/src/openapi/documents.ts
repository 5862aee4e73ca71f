/**
 * Documents that have been made, by what they describe. Which relations and functions a role may see is asked with each
 * request; that one has been described before is known by the answer, so that a grant shows at once, and roles that see the
 * same share a document. Whoever asks while it is being made waits for the same one.
 */
import { createHash } from 'node:crypto';
import type { Catalog } from '@peakstone/kernel/catalog';
import { runPaced } from '@peakstone/kernel/pace';
import type { Result } from '@peakstone/kernel/pg';
import type { RestConfig } from '../config/types.ts';
import type { OpenApiVersion } from '../parse/openApiVersion.ts';
import { renderOpenApi } from './document.ts';

/** UTF-8, in pieces that nobody changes. */
export type DocumentText = readonly Uint8Array[];

export interface Documents {
  /** The document of what `results`, those of `openApiStatements`, show of a schema. */
  find(
    results: readonly Result[],
    schema: string,
    catalog: Catalog,
    config: RestConfig,
    version: OpenApiVersion,
  ): Promise<DocumentText>;
}

/** Keeps documents of `maxBytes` together; a larger one is made for whoever asks while it is being made. */
export function createDocuments(maxBytes: number = 64 * 1024 * 1024): Documents {
  let kept = new KeptDocuments(maxBytes);
  let madeFor: { readonly catalog: Catalog; readonly config: RestConfig } | null = null;
  return {
    async find(results, schema, catalog, config, version) {
      if (madeFor?.catalog !== catalog || madeFor.config !== config) {
        kept = new KeptDocuments(maxBytes);
        madeFor = { catalog, config };
      }
      return await kept.find(keyOf(results, schema, version), () =>
        runPaced(renderOpenApi(results, schema, catalog, config, version)),
      );
    },
  };
}

class KeptDocuments {
  /** In the order in which they were last asked for. */
  readonly #made = new Map<string, DocumentText>();
  readonly #making = new Map<string, Promise<DocumentText>>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  async find(key: string, make: () => Promise<DocumentText>): Promise<DocumentText> {
    const made = this.#made.get(key);
    if (made) {
      this.#made.delete(key);
      this.#made.set(key, made);
      return made;
    }
    const making = this.#making.get(key) ?? make();
    this.#making.set(key, making);
    try {
      const text = await making;
      // Of those who waited the first one keeps it.
      if (this.#making.get(key) === making) this.#keep(key, text);
      return text;
    } finally {
      this.#making.delete(key);
    }
  }

  #keep(key: string, text: DocumentText): void {
    this.#made.set(key, text);
    this.#bytes += sizeOf(text);
    for (const [oldest, other] of this.#made) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#made.delete(oldest);
      this.#bytes -= sizeOf(other);
    }
  }
}

export const sizeOf = (text: DocumentText): number => text.reduce((sum, { length }) => sum + length, 0);

function keyOf(results: readonly Result[], schema: string, version: OpenApiVersion): string {
  const hash = createHash('sha256').update(JSON.stringify([schema, version]));
  for (const { rows } of results) {
    const cell = rows[0]?.[0] ?? null;
    hash.update(cell === null ? '-' : `${cell.length}:`).update(cell ?? '');
  }
  return hash.digest('base64');
}
