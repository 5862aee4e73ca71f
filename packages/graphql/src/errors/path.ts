/** Where in a request an error lies: keys and list positions from its root. */
export type Path = readonly (string | number)[];

/**
 * A path as the reference writes it. Pure.
 * @example showPath(['selectionSet', 'author', 'args', 'a b', 0]) // $.selectionSet.author.args["a b"][0]
 */
export function showPath(path: Path): string {
  let text = '$';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(part)) text += `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}
