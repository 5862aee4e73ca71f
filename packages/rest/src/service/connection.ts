/** How the service connects: the configured string, with what identifies and places the connection added. Pure. */
import { ConnectionError, parseConninfo } from '@peakstone/kernel/pg';
import { ConfigError } from '../config/error.ts';
import type { RestConfig } from '../config/types.ts';
import { prettyVersion } from '../version.ts';

/** The string for request connections: `application_name` tells operators who this is, unless they chose one. */
export const poolUrl = ({ dbUri }: RestConfig): string =>
  withOption(dbUri, 'fallback_application_name', `PostgREST ${prettyVersion}`);

/** The string for the listening connection, which needs the primary: a standby takes no LISTEN. */
export const listenerUrl = (config: RestConfig): string =>
  withOption(poolUrl(config), 'target_session_attrs', 'read-write');

/** @throws {ConfigError} when no attempt to connect could ever succeed. */
export function assertConnectable(config: RestConfig): void {
  if (config.dbPool < 1) throw new ConfigError('Error in config db-pool needs at least one connection');
  try {
    parseConninfo(poolUrl(config));
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    throw new ConfigError(`Error in config db-uri: ${error.message}`, { cause: error });
  }
}

/** Where the string points, for logs. @throws {ConnectionError} when it is malformed. */
export function describeServer(url: string): string {
  const [first] = parseConninfo(url).hosts;
  return first ? `${first.host}:${first.port}` : '';
}

/** Adds an option to a URI or keyword string. A bare word is a database name, as libpq has it. */
export function withOption(url: string, key: string, value: string): string {
  if (!/^postgres(?:ql)?:\/\//.test(url)) {
    const keywords = url.includes('=') || url.trim() === '' ? url : `dbname='${escapeValue(url)}'`;
    return `${keywords} ${key}='${escapeValue(value)}'`;
  }
  // Passwords may hold a question mark: only one after the last @ begins the options.
  const tail = url.slice(url.lastIndexOf('@') + 1);
  const question = tail.indexOf('?');
  const separator = question < 0 ? '?' : question === tail.length - 1 ? '' : '&';
  return `${url}${separator}${key}=${encodeURIComponent(value)}`;
}

const escapeValue = (text: string): string => text.replace(/['\\]/g, '\\$&');
