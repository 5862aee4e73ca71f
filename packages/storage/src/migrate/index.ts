/** From a MinIO, its folder, or any server of S3, into another. */
export { openDrive } from './drive/driveSource.ts';
export { type MigrationReport, migrate } from './migrate.ts';
export { s3Source } from './s3Source.ts';
