/** Statements of a script that begin or end a transaction: by their first words, and by what the server said to them. */
import { leadingComments } from './lex.ts';
import { splitScript } from './split.ts';

const ends =
  /^(?:begin|start transaction|commit|end|abort|prepare transaction)\b|^rollback(?! (?:to|prepared)\b)/;
const frames = /^(?:begin|start transaction|commit|end)\b/;

/** Whether a statement with these first words ends, or cannot stand in, a transaction that is around it. @see leadingWords */
export function endsTransaction(words: string): boolean {
  return ends.test(words);
}

/** Whether it is one of the pair that a script puts around its statements. @see leadingWords */
export function framesTransaction(words: string): boolean {
  return frames.test(words);
}

/** How a transaction was ended by what ran in it. */
export type TransactionEnd = 'COMMIT' | 'ROLLBACK' | 'PREPARE TRANSACTION';

/**
 * How a text that was run in a transaction has ended that, whatever it looks like; null where it has not. Pure.
 * @param tags what the server said to each of its statements
 */
export function endedBy(text: string, tags: readonly string[]): TransactionEnd | null {
  const kept = tags.find(tag => tag === 'COMMIT' || tag === 'PREPARE TRANSACTION');
  if (kept !== undefined) return kept as TransactionEnd;
  const rollbacks = tags.filter(tag => tag === 'ROLLBACK').length;
  // To a savepoint the server says the same.
  return rollbacks > 0 && rollbacks > rollbacksToSavepoints(text) ? 'ROLLBACK' : null;
}

function rollbacksToSavepoints(text: string): number {
  const to = /^rollback\s+(?:(?:work|transaction)\s+)?to\b/i;
  return splitScript(text).filter(piece => to.test(piece.text.slice(leadingComments(piece.text)))).length;
}
