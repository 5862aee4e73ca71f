import { folderStore } from './folder.ts';
import { type S3Place, s3Store } from './s3.ts';
import type { Store } from './store.ts';

/** Where backups lie. */
export type StorePlace = { readonly kind: 'folder'; readonly folder: string } | S3Place;

/** The store at a place; nothing is asked of it yet. */
export function openStore(place: StorePlace): Store {
  return place.kind === 'folder' ? folderStore(place.folder) : s3Store(place);
}
