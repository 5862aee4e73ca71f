/**
 * Addresses that sign their first reader in as the stack's operator, within a quarter of an hour: whoever may write into the
 * stack's folder could do all of it anyway.
 */
import { join } from 'node:path';
import { makeLink } from '@peakstone/console';
import { StackError } from '../project/errors.ts';
import type { StackPaths } from '../project/paths.ts';
import { httpUrl } from '../project/urls.ts';
import type { StackSummary } from '../run/settings.ts';
import { runningState } from '../run/state.ts';
import { services } from '../services/index.ts';
import { frontOf } from '../services/local.ts';
import { stackStatus } from './client.ts';

/** @throws {StackError} `notRunning` */
export async function consoleLink(paths: StackPaths): Promise<string> {
  const { host, ports } = await runningState(paths);
  const { services: running } = await stackStatus(paths);
  if (!running.some(({ name }) => name === 'console'))
    throw new StackError('notRunning', 'The stack runs without its console, which is a preview.', {
      hint: 'PEAKSTONE_CONSOLE=true in .env turns it on: peakstone down, then peakstone up.',
    });
  const port = ports[frontOf(services).name];
  if (port === undefined)
    throw new StackError('notRunning', 'The stack runs without a gateway, which serves the console.', {
      hint: 'Leave it in: services: { gateway: true } in peakstone.config.ts.',
    });
  return linkAt(`${httpUrl(host, port)}/console`, paths.data);
}

/** For a stack that has just started, where only this machine reaches it; null elsewhere, and without a console. */
export function signInLink({ addresses, data }: StackSummary): string | null {
  const url = addresses.find(({ service }) => service === 'console')?.url;
  if (url === undefined || !/^http:\/\/(?:127\.|localhost\b|\[::1\])/.test(url)) return null;
  return linkAt(url, data);
}

function linkAt(url: string, data: string): string {
  return `${url}/#link=${makeLink(join(data, 'console'))}`;
}
