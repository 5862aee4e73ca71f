/**
 * The metadata in force with what it is resolved against. Changes are made one after the other, each in a transaction of
 * its own: staged, tried, and kept only when every command of the request has succeeded.
 */

import type { Metadata } from '../definition/metadata.ts';
import type { CatalogResult } from '../model/build.ts';
import { type BuildOptions, buildModel } from '../model/build.ts';
import type { Model } from '../model/types.ts';

/** Where metadata is kept. */
export interface MetadataStore {
  /** Null when nothing was ever kept. */
  load(): Promise<{ readonly metadata: Metadata; readonly version: number } | null>;
  /** @throws when somebody else has changed it since `version` was read. Gives the new version. */
  save(metadata: Metadata, version: number): Promise<number>;
}

/** Reads what a source's database holds. */
export type ReadCatalogs = (metadata: Metadata, only?: string) => Promise<ReadonlyMap<string, CatalogResult>>;

export interface MetadataStateOptions extends BuildOptions {
  readonly store: MetadataStore;
  readonly readCatalogs: ReadCatalogs;
  /** Told of each change that is in force. */
  readonly onChange: (model: Model, version: number) => void;
}

export interface Staged {
  readonly metadata: Metadata;
  readonly model: Model;
  readonly version: number;
  /** Takes other metadata in; the sources' databases are not asked. */
  stage(metadata: Metadata): Model;
  /** Asks the databases again: of one source, or of all. */
  refresh(only?: string): Promise<Model>;
}

export class MetadataState {
  readonly #options: MetadataStateOptions;
  #metadata: Metadata = { version: 3, sources: [] };
  #catalogs: ReadonlyMap<string, CatalogResult> = new Map();
  #model: Model;
  #version = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: MetadataStateOptions) {
    this.#options = options;
    this.#model = buildModel(this.#metadata, this.#catalogs, options);
  }

  get model(): Model {
    return this.#model;
  }

  get version(): number {
    return this.#version;
  }

  /** Loads what is kept, or begins with `initial`. */
  async load(initial: Metadata): Promise<void> {
    const kept = await this.#options.store.load();
    await this.change(async staged => {
      staged.stage(kept?.metadata ?? initial);
      await staged.refresh();
    }, kept?.version ?? 0);
  }

  /**
   * Runs commands that change it. Nothing of them stays when one rejects; readers see all of them at once.
   */
  change<T>(commands: (staged: Staged) => Promise<T>, version = this.#version): Promise<T> {
    const run = async (): Promise<T> => {
      const { store, readCatalogs, onChange } = this.#options;
      const options = this.#options;
      const before = this.#metadata;
      let metadata = before;
      let catalogs = this.#catalogs;
      let model = this.#model;
      const staged: Staged = {
        get metadata() {
          return metadata;
        },
        get model() {
          return model;
        },
        version: this.#version,
        stage(next) {
          metadata = next;
          model = buildModel(metadata, catalogs, options);
          return model;
        },
        async refresh(only) {
          catalogs = new Map([
            ...(only === undefined ? [] : catalogs),
            ...(await readCatalogs(metadata, only)),
          ]);
          model = buildModel(metadata, catalogs, options);
          return model;
        },
      };
      const result = await commands(staged);
      if (model === this.#model) return result;
      this.#version =
        metadata === before ? Math.max(version, this.#version) : await store.save(metadata, version);
      this.#metadata = metadata;
      this.#catalogs = catalogs;
      this.#model = model;
      onChange(model, this.#version);
      return result;
    };
    const mine = this.#last.then(run, run);
    this.#last = mine.catch(() => {});
    return mine;
  }
}

/** Keeps metadata for as long as the process lives. */
export function memoryStore(): MetadataStore {
  let kept: { readonly metadata: Metadata; readonly version: number } | null = null;
  return {
    load: async () => kept,
    async save(metadata, version) {
      kept = { metadata, version: version + 1 };
      return kept.version;
    },
  };
}
