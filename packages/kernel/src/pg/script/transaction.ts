/** Statements of a script that begin or end a transaction, by their first words. */

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
