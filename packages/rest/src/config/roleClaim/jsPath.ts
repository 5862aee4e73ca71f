/**
 * The path syntax from before JSONPath: `.a."b c"[0][?(@ == "x")]`, still accepted with a warning.
 * @see https://docs.postgrest.org/en/v14/references/auth.html#jwt-role-extract
 */

export type JsPath = readonly JsPathStep[];

type JsPathStep =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'index'; readonly index: number }
  /** Only as the last step: the first text of an array that compares so. */
  | { readonly kind: 'filter'; readonly operator: Operator; readonly text: string };

const operators = {
  '==^': (text: string, part: string) => text.endsWith(part),
  '==': (text: string, part: string) => text === part,
  '!=': (text: string, part: string) => text !== part,
  '^==': (text: string, part: string) => text.startsWith(part),
  '*==': (text: string, part: string) => text.includes(part),
} as const;

type Operator = keyof typeof operators;

/** @returns null when the text is not a path of this syntax. Pure. */
export function parseJsPath(text: string): JsPath | null {
  const steps: JsPathStep[] = [];
  const step =
    /\.(?:([\p{L}\p{N}_$@]+)|"([^"]*)")|\[(\d{1,9})\]|\[\?\(@\s*(==\^|==|!=|\^==|\*==)\s*"([^"]*)"\)\]$/uy;
  while (step.lastIndex < text.length) {
    const match = step.exec(text);
    if (!match) return null;
    const [, bare, quoted, index, operator, operand] = match;
    const key = bare ?? quoted;
    if (key !== undefined) steps.push({ kind: 'key', key });
    else if (index !== undefined) steps.push({ kind: 'index', index: Number(index) });
    else steps.push({ kind: 'filter', operator: operator as Operator, text: operand! });
  }
  return steps.length === 0 ? null : steps;
}

/** The value at the path, or undefined. Pure. */
export function evaluateJsPath(path: JsPath, root: unknown): unknown {
  let node = root;
  for (const step of path) {
    switch (step.kind) {
      case 'key':
        if (typeof node !== 'object' || node === null || Array.isArray(node)) return undefined;
        if (!Object.hasOwn(node, step.key)) return undefined;
        node = (node as Record<string, unknown>)[step.key];
        break;
      case 'index':
        if (!Array.isArray(node)) return undefined;
        node = node[step.index];
        break;
      case 'filter': {
        if (!Array.isArray(node)) return undefined;
        const compare = operators[step.operator];
        node = node.find(item => typeof item === 'string' && compare(item, step.text));
        break;
      }
    }
  }
  return node;
}

/** The path with every key quoted, as the reference shows it. */
export const dumpJsPath = (path: JsPath): string => path.map(dumpStep).join('');

function dumpStep(step: JsPathStep): string {
  switch (step.kind) {
    case 'key':
      return `.${JSON.stringify(step.key)}`;
    case 'index':
      return `[${step.index}]`;
    case 'filter':
      return `[?(@ ${step.operator} ${JSON.stringify(step.text)})]`;
  }
}
