/** S3 object storage, as MinIO serves it. */
export { readStorageConfig, type StorageConfig } from './config.ts';
export { describeEvent, type Emit, type StorageEvent } from './events.ts';
export {
  type StorageDeps,
  type StorageService,
  type StorageServiceConfig,
  storageService,
} from './service.ts';
export { StoreError } from './store/storeError.ts';
