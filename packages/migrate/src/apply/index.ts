/** Applying migrations. */
export { type ApplyOptions, type ApplyRequest, applyMigrations, locationOf } from './apply.ts';
export type { ApplyEvent, OnApplyEvent } from './events.ts';
export { describeFailure, endedError, keptAfter } from './failure.ts';
export type { Attempts } from './run.ts';
