import type { StackSettings } from '@peakstone/stack';
import type { Context, Invocation } from '../grammar/command.ts';
import { calledAs } from '../output/called.ts';
import { dataFolder } from '../stack.ts';

/** How a command line and the environment want a stack started. Pure. */
export function stackSettings({ options }: Invocation, { cwd, env }: Context): StackSettings {
  const data = dataFolder(options, env);
  return {
    cwd,
    // The start page shows commands as this user can type them.
    env: { ...env, PEAKSTONE_COMMAND: calledAs(env, cwd) },
    ...(data === undefined ? {} : { data }),
    ...(typeof options.example === 'string' ? { example: options.example } : {}),
    ...(options['no-migrate'] === true ? { migrate: false } : {}),
    ...(typeof options.host === 'string' ? { host: options.host } : {}),
    ...(typeof options['port-base'] === 'number' ? { portBase: options['port-base'] } : {}),
  };
}
