/** Fills templates of the metadata: transforms of webhooks' requests and answers. */
import { evaluate, type Scope } from './evaluate.ts';
import { parseTemplate } from './parse.ts';
import type { Expression } from './types.ts';

export type { Scope } from './evaluate.ts';
export { KritiError } from './types.ts';

/** Templates are few and of the administrator's making; a bound all the same. */
const maxParsed = 1000;
const parsed = new Map<string, Expression>();

/** @throws {KritiError} */
export function fillTemplate(template: string, scope: Scope): unknown {
  let expression = parsed.get(template);
  if (!expression) {
    expression = parseTemplate(template);
    if (parsed.size >= maxParsed) parsed.clear();
    parsed.set(template, expression);
  }
  return evaluate(expression, scope);
}
