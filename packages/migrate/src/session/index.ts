/** The connections that migrations run on. */
export { type Furniture, findDirt } from './clean.ts';
export { formatDuration, parseDuration } from './goTime.ts';
export { isLockTimeout, MigrateSession, readUrl, type SessionOptions } from './session.ts';
