/**
 * Who works in this tab. The token stays in the tab's own storage: another tab of the same browser asks those that are open
 * for it, so that nobody signs in twice, and nothing of it outlives the last of them.
 */
import type { Role } from '../operators/roles.ts';

export interface Who {
  readonly name: string;
  readonly role: Role;
}

const KEY = 'peakstone.token';
const channel = new BroadcastChannel('peakstone.session');

export function token(): string | null {
  return sessionStorage.getItem(KEY);
}

export function keepToken(value: string | null): void {
  if (value === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, value);
}

channel.addEventListener('message', ({ data }: MessageEvent<{ ask?: true; token?: string }>) => {
  const own = token();
  if (data.ask && own !== null) channel.postMessage({ token: own });
});

/** What another tab has; null where none answers at once. */
export function askOtherTabs(): Promise<string | null> {
  return new Promise(resolve => {
    const timer = setTimeout(() => settle(null), 150);
    const listen = ({ data }: MessageEvent<{ token?: string }>): void => {
      if (data.token !== undefined) settle(data.token);
    };
    const settle = (found: string | null): void => {
      clearTimeout(timer);
      channel.removeEventListener('message', listen);
      resolve(found);
    };
    channel.addEventListener('message', listen);
    channel.postMessage({ ask: true });
  });
}
