/** The table of options. `preset` is no row: it stands for others, and `parse/options.ts` knows them. */
import { appearanceOptions } from './appearance.ts';
import { cropOptions } from './crop.ts';
import type { OptionDefinition } from './definition.ts';
import { gravityOptions } from './gravity.ts';
import { limitOptions } from './limits.ts';
import { resizeOptions } from './resize.ts';
import { answerOptions, savingOptions } from './saving.ts';

export const optionTable: readonly OptionDefinition[] = [
  ...resizeOptions,
  ...gravityOptions,
  ...cropOptions,
  ...appearanceOptions,
  ...savingOptions,
  ...answerOptions,
  ...limitOptions,
];

const byName = new Map(
  optionTable.flatMap(option => [option.name, ...option.aliases].map(name => [name, option] as const)),
);

/** The option that is called so, by its name or an alias. Pure. */
export function optionByName(name: string): OptionDefinition | undefined {
  return byName.get(name);
}
