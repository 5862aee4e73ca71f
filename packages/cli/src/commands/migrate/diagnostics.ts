import type { Diagnostic } from '@peakstone/stack/migrate';
import type { Context } from '../../grammar/command.ts';
import { asCalled } from '../../output/called.ts';
import { printableLine } from '../../output/printable.ts';
import { styleFor } from '../../output/style.ts';

/** What should be known of a file, on standard error. */
export function writeDiagnostic(
  { file, line, level, message, hint }: Diagnostic,
  { stderr, env }: Context,
): void {
  const style = styleFor(stderr, env);
  const place = line === null ? file : `${file}:${line}:`;
  const head = level === 'refused' ? style.bad('refused:') : style.warning('note:');
  const say = (text: string): string => asCalled(printableLine(text), env);
  stderr.write(`${head} ${say(`${place} ${message}`)}\n${style.dim('hint:')} ${say(hint)}\n`);
}
