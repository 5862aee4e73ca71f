/** Many migrations as one, proven equal. */
export { planSquash, proveSquash, type SquashDatabases, type Squashed } from './squash.ts';
