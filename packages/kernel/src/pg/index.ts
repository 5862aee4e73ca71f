export { AnswerBound } from './answerBound.ts';
export { type Client, type ClientOptions, connectClient, type TransactionState } from './client.ts';
export * from './errors.ts';
export { listen } from './listen.ts';
export { createPool } from './pool/pool.ts';
export { createTurns, type Turns } from './pool/turns.ts';
export {
  connectPrivileged,
  createPrivilegedPool,
  PRIVILEGED_SEARCH_PATH,
  type PrivilegedOptions,
  TRUST_CATALOG_ONLY,
} from './privileged.ts';
export { arrayLiteral, quoteIdentifier, quoteLiteral, quoteQualified } from './quote.ts';
export { connectReplication, type ReplicationClient, type ReplicationOptions } from './replication.ts';
export { createShortStatements, type ShortStatements } from './shortStatements.ts';
export * from './types.ts';
export { type Conninfo, parseConninfo, withLogin } from './wire/conninfo.ts';
export { isLarge } from './wire/statementCost.ts';
