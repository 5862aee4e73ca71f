/** Migrations of a project's folder against the stack's database. */
export * from '@peakstone/migrate';
export { locateMigrations } from './locate.ts';
