/**
 * Reads from a view's rewrite rule which column of which relation each column of the view comes from.
 *
 * The rule is a `pg_node_tree`: nodes `{NAME :field value …}`, lists `(…)`, atoms, `\` before special characters.
 * PostgreSQL notes in each target entry the origin of a plain column (`resorigtbl`, `resorigcol`), also through
 * subqueries and CTEs, so only the outermost query's target list matters and all else is skipped unread.
 */
export interface ViewTarget {
  /** Number of the view's column, from 1. */
  readonly column: number;
  /** Oid of the relation it comes from, which may itself be a view. */
  readonly relation: number;
  /** Number of that relation's column. */
  readonly attribute: number;
}

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_PAREN = 0x28;
const CLOSE_PAREN = 0x29;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const COLON = 0x3a;

/** Pure. A rule of another shape gives no targets: such a view merely has no relationships. */
export function parseViewTargets(rule: Uint8Array): ViewTarget[] {
  const targets: ViewTarget[] = [];
  // `({QUERY …` : a list of one query.
  if (rule[0] !== OPEN_PAREN || rule[1] !== OPEN_BRACE) return targets;
  readFields(rule, 1, (name, start, end) => {
    if (name !== 'targetList' || rule[start] !== OPEN_PAREN) return;
    for (let at = start + 1; at < end - 1; at++) {
      if (rule[at] !== OPEN_BRACE) continue;
      const entry = { resno: 0, resorigtbl: 0, resorigcol: 0 };
      at = readFields(rule, at, (field, from, to) => {
        if (field === 'resno' || field === 'resorigtbl' || field === 'resorigcol') {
          entry[field] = readNumber(rule, from, to);
        }
      });
      if (entry.resorigtbl > 0 && entry.resorigcol > 0) {
        targets.push({ column: entry.resno, relation: entry.resorigtbl, attribute: entry.resorigcol });
      }
    }
  });
  return targets;
}

/** Calls back with each field of the node that opens at `start`; returns the position of its closing brace. */
function readFields(
  rule: Uint8Array,
  start: number,
  onField: (name: string, start: number, end: number) => void,
): number {
  let at = start + 1;
  while (at < rule.length && rule[at] !== CLOSE_BRACE) {
    if (rule[at] !== COLON) {
      at++;
      continue;
    }
    const nameStart = at + 1;
    const nameEnd = endOfAtom(rule, nameStart);
    const valueStart = nameEnd + 1;
    const opens = rule[valueStart] === OPEN_BRACE || rule[valueStart] === OPEN_PAREN;
    const valueEnd = opens ? endOfNested(rule, valueStart) : endOfAtom(rule, valueStart);
    onField(readName(rule, nameStart, nameEnd), valueStart, valueEnd);
    at = valueEnd;
  }
  return at;
}

/** The position after the bracket that closes the one at `start`. */
function endOfNested(rule: Uint8Array, start: number): number {
  let depth = 0;
  for (let at = start; at < rule.length; at++) {
    const byte = rule[at];
    if (byte === BACKSLASH) at++;
    else if (byte === OPEN_BRACE || byte === OPEN_PAREN) depth++;
    else if (byte === CLOSE_BRACE || byte === CLOSE_PAREN) {
      depth--;
      if (depth === 0) return at + 1;
    }
  }
  return rule.length;
}

function endOfAtom(rule: Uint8Array, start: number): number {
  let at = start;
  while (at < rule.length) {
    const byte = rule[at];
    if (byte === SPACE || byte === CLOSE_BRACE || byte === CLOSE_PAREN) break;
    at += byte === BACKSLASH ? 2 : 1;
  }
  return Math.min(at, rule.length);
}

function readName(rule: Uint8Array, start: number, end: number): string {
  let name = '';
  for (let at = start; at < end; at++) name += String.fromCharCode(rule[at]!);
  return name;
}

function readNumber(rule: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = rule[at]! - 0x30;
    if (digit < 0 || digit > 9) return 0;
    value = value * 10 + digit;
  }
  return value;
}
