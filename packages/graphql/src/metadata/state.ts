/**
 * The metadata in force with what it is resolved against. Changes are made one after the other, each in a transaction of
 * its own: staged, tried, and kept only when every command of the request has succeeded.
 */

import type { Metadata } from '../definition/metadata.ts';
import { HasuraError } from '../errors.ts';
import type { CatalogResult } from '../model/build.ts';
import { type BuildOptions, buildModel } from '../model/build.ts';
import type { Model } from '../model/types.ts';
import type { RemoteResult } from '../remote/types.ts';
import { conflict } from './store/conflict.ts';
import type { Kept, MetadataStore } from './store/types.ts';

/** Reads what a source's database holds. */
export type ReadCatalogs = (metadata: Metadata, only?: string) => Promise<ReadonlyMap<string, CatalogResult>>;

/** Asks remote schemas what they are. */
export type ReadRemotes = (metadata: Metadata, only?: string) => Promise<ReadonlyMap<string, RemoteResult>>;

export interface MetadataStateOptions extends BuildOptions {
  readonly store: MetadataStore;
  readonly readCatalogs: ReadCatalogs;
  readonly readRemotes: ReadRemotes;
  /** Brings databases to what is about to be in force; what it throws refuses the change. `before` is null at the start. */
  readonly apply: (before: Model | null, after: Model) => Promise<void>;
  /** Told of each change that is in force. */
  readonly onChange: (model: Model, version: number) => void;
}

export interface Staged {
  readonly metadata: Metadata;
  readonly model: Model;
  readonly version: number;
  /** What a source's database held when it was last asked. */
  catalog(source: string): CatalogResult | undefined;
  /** Takes other metadata in; the sources' databases are not asked. */
  stage(metadata: Metadata): Model;
  /** Takes in what a source's database holds, as who is changing it sees it. */
  take(source: string, catalog: CatalogResult): Model;
  /** Asks the databases again: of one source, or of all. */
  refresh(only?: string): Promise<Model>;
  /** Asks a remote schema again. */
  refreshRemote(name: string): Promise<Model>;
  /** Takes back what has been staged since, when the function that it gives is called. */
  mark(): () => void;
}

/** What the metadata is resolved against. */
interface Surroundings {
  readonly catalogs: ReadonlyMap<string, CatalogResult>;
  readonly remotes: ReadonlyMap<string, RemoteResult>;
}

export interface ChangeOptions {
  /** The version that who asks has seen last; another one is a conflict. */
  readonly seen?: number | undefined;
  /** It counts as a change even when nothing differs, as most commands of the reference do. */
  readonly counts?: boolean;
}

export class MetadataState {
  readonly #options: MetadataStateOptions;
  #metadata: Metadata = { version: 3, sources: [] };
  #catalogs: ReadonlyMap<string, CatalogResult> = new Map();
  #remotes: ReadonlyMap<string, RemoteResult> = new Map();
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
    const { store } = this.#options;
    if ((await store.version()) === 0) await store.save(initial, 0).catch(ignoreConflict);
    await this.takeIn();
  }

  /** Takes in what another instance has changed, if any has. */
  takeIn(): Promise<void> {
    return this.#queue(() => this.#takeIn());
  }

  /** Runs commands that change nothing, on what is in force: they wait for nobody. */
  async read<T>(commands: (staged: Staged) => Promise<T>): Promise<T> {
    const refuse = (): never => {
      throw new Error('metadata was staged by a command that only reads');
    };
    return await commands({
      metadata: this.#metadata,
      model: this.#model,
      version: this.#version,
      catalog: source => this.#catalogs.get(source),
      stage: refuse,
      take: refuse,
      refresh: refuse,
      refreshRemote: refuse,
      mark: () => () => {},
    });
  }

  /**
   * Runs commands that change it. Nothing of them stays when one rejects; readers see all of them at once.
   */
  change<T>(commands: (staged: Staged) => Promise<T>, options: ChangeOptions = {}): Promise<T> {
    return this.#queue(async () => {
      await this.#takeIn();
      return await this.#run(commands, options);
    });
  }

  async #run<T>(
    commands: (staged: Staged) => Promise<T>,
    { seen, counts = false }: ChangeOptions,
  ): Promise<T> {
    const { readCatalogs, readRemotes, store } = this.#options;
    const options = this.#options;
    if (seen !== undefined && seen !== this.#version) throw conflict(seen);
    const before = this.#metadata;
    let metadata = before;
    let catalogs = this.#catalogs;
    let remotes = this.#remotes;
    let model = this.#model;
    const staged: Staged = {
      get metadata() {
        return metadata;
      },
      get model() {
        return model;
      },
      version: this.#version,
      catalog: source => catalogs.get(source),
      stage(next) {
        metadata = next;
        model = buildModel(metadata, catalogs, options, remotes);
        return model;
      },
      take(source, catalog) {
        catalogs = new Map([...catalogs, [source, catalog]]);
        model = buildModel(metadata, catalogs, options, remotes);
        return model;
      },
      async refresh(only) {
        const [read, asked] = await Promise.all([
          readCatalogs(metadata, only),
          only === undefined ? readRemotes(metadata) : remotes,
        ]);
        catalogs = new Map([...(only === undefined ? [] : catalogs), ...read]);
        remotes = asked;
        model = buildModel(metadata, catalogs, options, remotes);
        return model;
      },
      async refreshRemote(name) {
        remotes = new Map([...remotes, ...(await readRemotes(metadata, name))]);
        model = buildModel(metadata, catalogs, options, remotes);
        return model;
      },
      mark() {
        const marked = { metadata, catalogs, remotes, model };
        return () => {
          ({ metadata, catalogs, remotes, model } = marked);
        };
      },
    };
    const result = await commands(staged);
    const isSame = model === this.#model;
    if (!isSame || counts) {
      await this.#options.apply(this.#model, model);
      const version =
        counts || metadata !== before ? await store.save(metadata, this.#version) : this.#version;
      this.#install({ metadata, version }, { catalogs, remotes }, model);
    }
    return result;
  }

  async #takeIn(): Promise<void> {
    const { store, readCatalogs, readRemotes } = this.#options;
    if ((await store.version()) === this.#version) return;
    const kept = await store.load();
    if (!kept) return;
    const [catalogs, remotes] = await Promise.all([readCatalogs(kept.metadata), readRemotes(kept.metadata)]);
    const model = buildModel(kept.metadata, catalogs, this.#options, remotes);
    this.#install(kept, { catalogs, remotes }, model);
  }

  #install({ metadata, version }: Kept, { catalogs, remotes }: Surroundings, model: Model): void {
    this.#version = version;
    this.#metadata = metadata;
    this.#catalogs = catalogs;
    this.#remotes = remotes;
    this.#model = model;
    this.#options.onChange(model, version);
  }

  #queue<T>(run: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(run, run);
    this.#last = mine.catch(() => {});
    return mine;
  }
}

/** Another instance that starts now has begun with the same. */
function ignoreConflict(error: unknown): number {
  if (error instanceof HasuraError && error.code === 'conflict') return 0;
  throw error;
}
