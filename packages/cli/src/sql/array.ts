/** An array's elements as text; nested for more than one dimension. */
export type ArrayValue = readonly (string | null | ArrayValue)[];

/** PostgreSQL's own bound (MAXDIM). */
const maxDimensions = 6;

/**
 * Reads PostgreSQL's text form of an array; null when it isn't one. Bounds other than from 1 (`[0:1]={1,2}`) are dropped,
 * as to_json does. Pure.
 * @see https://www.postgresql.org/docs/17/arrays.html#ARRAYS-IO
 * @example parseArray('{1,NULL,"a b"}') // ['1', null, 'a b']
 */
export function parseArray(text: string): ArrayValue | null {
  const token = /"(?:[^"\\]|\\[\s\S])*"|[{},]|(?:[^"{},\\]|\\[\s\S])+/y;
  token.lastIndex = /^(?:\[-?\d+:-?\d+\])+=/.exec(text)?.[0].length ?? 0;
  const open: (string | null | ArrayValue)[][] = [];
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const part = match[0];
    const here = open.at(-1);
    if (part === '{') {
      if (open.length === maxDimensions) return null;
      open.push([]);
    } else if (!here) {
      return null;
    } else if (part === '}') {
      open.pop();
      const outer = open.at(-1);
      if (!outer) return token.lastIndex === text.length ? here : null;
      outer.push(here);
    } else if (part.startsWith('"')) {
      here.push(part.slice(1, -1).replace(/\\([\s\S])/g, '$1'));
    } else if (part !== ',') {
      // What needs no quotes holds no backslash either, and NULL as a text is quoted.
      here.push(part === 'NULL' ? null : part);
    }
  }
  return null;
}
