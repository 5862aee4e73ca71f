import { constraints } from './constraints.ts';
import { dataDependent } from './data.ts';
import { destructive } from './destructive.ts';
import { incompatible } from './incompatible.ts';
import { indexes } from './indexes.ts';
import { rewrites } from './rewrites.ts';
import type { Rule } from './rule.ts';
import { security } from './security.ts';
import { session } from './session.ts';
import { taste } from './style.ts';

/** Every rule. Codes are Atlas' where it has one. A new rule is one row of a table and one row of `rules.test.ts`. */
export const RULES: readonly Rule[] = [
  ...destructive,
  ...dataDependent,
  ...incompatible,
  ...indexes,
  ...constraints,
  ...rewrites,
  ...session,
  ...security,
  ...taste,
];
