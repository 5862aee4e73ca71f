/** What of a stored operation does not fit the schema, in the reference's words. Pure. */

/** Sentences without their place. */
export interface Problems {
  push(sentence: string): void;
}

export const mismatch = {
  typeNotFound: (type: string) => `type '${type}' not found in the schema`,
  fieldNotFound: (field: string, type: string) => `field '${field}' not found in object '${type}'`,
  noInput: (kind: string, type: string) => `${kind} '${type}' cannot be used in an input type`,
  noSelection: (kind: string, type: string) => `${kind} '${type}' does not accept a selection set`,
  selectionMissing: (type: string) => `object of type '${type}' must have a selection set`,
  differs: (field: string, one: string, other: string) =>
    `field '${field}' seen with two different types: ${one} and ${other}`,
} as const;

/** Puts what is found below `path` with its place. */
export function problemsAt(all: string[], path: readonly string[]): Problems {
  return { push: sentence => void all.push(`${['$', ...path].join('.')}: ${sentence}`) };
}
