export * from './errors.ts';
export { listen } from './listen.ts';
export { createPool } from './pool/pool.ts';
export { arrayLiteral, quoteIdentifier, quoteLiteral, quoteQualified } from './quote.ts';
export * from './types.ts';
export { type Conninfo, parseConninfo } from './wire/conninfo.ts';
