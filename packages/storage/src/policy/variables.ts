/** `${aws:username}` and its like in resources and condition values. Pure. */
import type { ConditionValues } from './types.ts';

const variable = /\$\{([^}]*)\}/g;
/** Stand for themselves. */
const literals: Readonly<Record<string, string>> = { '*': '*', '?': '?', $: '$' };

/**
 * Fills variables in. What they stand for matches literally: its own `*` and `?` are no wildcards, which is why they
 * become private characters here and, by `asSubject`, in what is compared.
 * @returns undefined where a variable has no value: what needs it then matches nothing
 */
export function expand(pattern: string, values: ConditionValues): string | undefined {
  if (!pattern.includes('${')) return pattern;
  let isMissing = false;
  const text = pattern.replace(variable, (_whole, inside: string) => {
    const [name = '', fallback] = inside.split(',').map(part => part.trim());
    if (name in literals) return protect(literals[name]!);
    const found = values.get(name.toLowerCase());
    if (found?.length === 1) return protect(found[0]!);
    if (fallback !== undefined) return protect(fallback.replace(/^'|'$/g, ''));
    isMissing = true;
    return '';
  });
  return isMissing ? undefined : text;
}

const wild = /[*?]/g;
const shift = 0xe000;

function protect(text: string): string {
  return text.replace(wild, character => String.fromCharCode(shift + character.charCodeAt(0)));
}

/** Text in which every `*` and `?` is a character like others, for comparison with an expanded pattern that has protected ones. */
export function asSubject(text: string, pattern: string): string {
  return /[\ue02a\ue03f]/.test(pattern) ? protect(text) : text;
}
