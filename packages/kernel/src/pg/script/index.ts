/** Scripts as people and pg_dump write them: quotes, comments, statements, rows of COPY, lines for psql. */
export { type CopyRows, copyParts } from './copy.ts';
export { DumpEnd } from './dumpEnd.ts';
export { commentEnd, Lexer, leadingComments, leadingWords, type Token, type TokenKind } from './lex.ts';
export { LineReader } from './lines.ts';
export { asksForNeeds, PART_MARK } from './part.ts';
export { readScript, ScriptError, type ScriptPiece, type StreamedRows } from './read.ts';
export { Restriction } from './restriction.ts';
export {
  type MetaLine,
  type Piece,
  type SplitInput,
  type Statement,
  splitInput,
  splitScript,
} from './split.ts';
export { endedBy, endsTransaction, framesTransaction, type TransactionEnd } from './transaction.ts';
