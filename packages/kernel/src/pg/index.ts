export * from './errors.ts';
export { listen } from './listen.ts';
export { createPool } from './pool/pool.ts';
export {
  arrayLiteral,
  type Fragment,
  type Hole,
  identifier,
  join,
  quoteIdentifier,
  quoteLiteral,
  quoteQualified,
  raw,
  sql,
  toSql,
} from './sql.ts';
export * from './types.ts';
export { type Conninfo, parseConninfo } from './wire/conninfo.ts';
