/** Where we mean to differ from Atlas, and how that is told from a fault. Pure. */
import type { CommandStep } from './cases.ts';
import type { Outcome } from './run.ts';

interface Rule {
  readonly reason: string;
  readonly holds: (step: CommandStep, outcome: Outcome) => boolean;
}

const isApply = ({ command }: CommandStep): boolean => command[1] === 'apply';

const rules: readonly Rule[] = [
  {
    reason: 'what Atlas fails at half-way, or stops in a panic at, is named before anything runs',
    holds: (step, { exit, stderr }) =>
      isApply(step) && step.exit !== 0 && exit === 1 && stderr.includes('Nothing was run.'),
  },
  {
    reason: 'statements that Atlas cannot cut, and byte-order marks, are applied',
    holds: (step, { exit }) =>
      isApply(step) && step.exit === 1 && exit === 0 && /scanning statements|\\ufeff/.test(step.stderr),
  },
];

/** Why a step may end otherwise, and what comes after it cannot be compared; null when it may not. */
export function betterReason(step: CommandStep, outcome: Outcome): string | null {
  return rules.find(({ holds }) => holds(step, outcome))?.reason ?? null;
}

/** Why tables may be elsewhere at the end: what one file sets for the session is no longer set in the next. */
export function mayMoveTables(files: Readonly<Record<string, string>>): boolean {
  return Object.values(files).some(text => /^\s*set\s+(?!local\b)/im.test(text));
}
