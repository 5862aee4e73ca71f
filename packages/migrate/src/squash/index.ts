/** Many migrations as one, proven equal. */
export {
  type MakeSquashDatabase,
  planSquash,
  proveSquash,
  type Squashed,
  type SquashProof,
} from './squash.ts';
