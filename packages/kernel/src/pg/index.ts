export * from './errors.ts';
export { createPool } from './pool/pool.ts';
export * from './types.ts';
