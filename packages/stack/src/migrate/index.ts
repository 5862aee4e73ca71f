/** Migrations of a project's folder against the stack's database. */
export * from '@peakstone/migrate';
export { type LocatedFolder, locateMigrations } from '../project/migrations.ts';
export { assertOwnDownTo } from '../project/ownership.ts';
export { furnitureOf, openHistory } from '../run/migrations/database.ts';
export { operatorVersion } from '../run/migrations/operator.ts';
export { type ReplaySettings, replaySettings } from './settings.ts';
export { proveOnThrowaway, replayOnThrowaway } from './throwaway.ts';
