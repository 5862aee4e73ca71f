/** Text that is HTML already. */
export interface Html {
  readonly text: string;
}

export function raw(text: string): Html {
  return { text };
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, char => ENTITIES[char]!);
}

/** HTML from a template whose values are escaped, unless they are HTML themselves or lists of it. */
export function html(
  strings: TemplateStringsArray,
  ...values: readonly (string | Html | readonly Html[])[]
): Html {
  let text = strings[0]!;
  for (let i = 0; i < values.length; i++) text += render(values[i]!) + strings[i + 1]!;
  return { text };
}

function render(value: string | Html | readonly Html[]): string {
  if (typeof value === 'string') return escapeHtml(value);
  if ('text' in value) return value.text;
  return value.map(part => part.text).join('\n');
}
