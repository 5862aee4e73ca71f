import { randomUUID } from 'node:crypto';
import { conflict } from './conflict.ts';
import type { Kept, MetadataStore } from './types.ts';

/** Keeps metadata for as long as the process lives. */
export function memoryStore(): MetadataStore {
  const id = randomUUID();
  const states: { cli: unknown; console: unknown } = { cli: {}, console: {} };
  let kept: Kept | null = null;
  return {
    pool: null,
    load: async () => kept,
    version: async () => kept?.version ?? 0,
    async save(metadata, version) {
      if (version !== (kept?.version ?? 0)) throw conflict(version);
      kept = { metadata, version: version + 1 };
      return kept.version;
    },
    catalogState: async () => ({ id, cli_state: states.cli, console_state: states.console }),
    async setCatalogState(type, state) {
      states[type] = state;
    },
    close: async () => {},
  };
}
