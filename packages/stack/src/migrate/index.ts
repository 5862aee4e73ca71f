/** Migrations of a project's folder against the stack's database. */
import { splitterVersion } from '@peakstone/migrate';
import { stackVersion } from '../definition.ts';

export * from '@peakstone/migrate';
export { furnitureOf } from './furniture.ts';
export { locateMigrations } from './locate.ts';
export { replayOnThrowaway } from './throwaway.ts';

/** Who a history says applied a migration. */
export const operatorVersion = `PeakStone ${stackVersion}, statements ${splitterVersion}`;
