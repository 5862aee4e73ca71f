import { userInfo } from 'node:os';
import { ConnectionError } from '../errors.ts';

type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
type TargetSession = 'any' | 'read-write' | 'read-only' | 'primary' | 'standby' | 'prefer-standby';

const sslModes: readonly string[] = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];
const targetSessions: readonly string[] = [
  'any',
  'read-write',
  'read-only',
  'primary',
  'standby',
  'prefer-standby',
];

/** Where and as whom to connect. */
export interface Conninfo {
  /** Tried in order. A host that starts with `/` is the folder of a unix socket. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly user: string;
  readonly database: string;
  readonly password?: string;
  readonly passfile?: string;
  readonly sslmode: SslMode;
  readonly sslrootcert?: string;
  readonly sslcert?: string;
  readonly sslkey?: string;
  readonly channelBinding: 'disable' | 'prefer' | 'require';
  readonly targetSession: TargetSession;
  readonly connectTimeoutMs: number;
  /** Start-up parameters the string asked for: `application_name`, `options`. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** libpq keyword to its environment variable. */
const environmentOf: Readonly<Record<string, string>> = {
  host: 'PGHOST',
  port: 'PGPORT',
  user: 'PGUSER',
  dbname: 'PGDATABASE',
  password: 'PGPASSWORD',
  passfile: 'PGPASSFILE',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  channel_binding: 'PGCHANNELBINDING',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  application_name: 'PGAPPNAME',
  options: 'PGOPTIONS',
};

/**
 * Reads a libpq URI (`postgres://user:pass@host:5432,host2/db?sslmode=require`) or keyword string
 * (`host=/run/pg user=app dbname='my db'`); what it leaves out comes from the `PG*` environment, then from defaults
 * (localhost, 5432, the OS user, a database named like the user, sslmode prefer, 10 s).
 *
 * Error messages never quote the string, which may hold a password.
 * @throws {ConnectionError} naming the keyword that is wrong.
 * @see https://www.postgresql.org/docs/17/libpq-connect.html#LIBPQ-CONNSTRING
 */
export function parseConninfo(
  text: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Conninfo {
  const given = /^postgres(?:ql)?:\/\//.test(text) ? parseUri(text) : parseKeywords(text);
  const get = (keyword: string): string | undefined => {
    const value = given.get(keyword) || env[environmentOf[keyword] ?? ''];
    return value === '' ? undefined : value;
  };
  const sslrootcert = get('sslrootcert');
  const sslmode = get('sslmode') ?? (sslrootcert === 'system' ? 'verify-full' : 'prefer');
  if (!sslModes.includes(sslmode)) throw invalid('sslmode', sslModes.join(', '));
  const targetSession = get('target_session_attrs') ?? 'any';
  if (!targetSessions.includes(targetSession))
    throw invalid('target_session_attrs', targetSessions.join(', '));
  const channelBinding = get('channel_binding') ?? 'prefer';
  if (!['disable', 'prefer', 'require'].includes(channelBinding)) {
    throw invalid('channel_binding', 'disable, prefer, require');
  }
  const timeoutS = Number(get('connect_timeout') ?? '10');
  if (!Number.isInteger(timeoutS)) throw invalid('connect_timeout', 'a whole number of seconds');
  const user = get('user') ?? osUser();
  const password = get('password');
  const passfile = get('passfile');
  const sslcert = get('sslcert');
  const sslkey = get('sslkey');
  const parameters: Record<string, string> = {};
  const applicationName = get('application_name') ?? given.get('fallback_application_name');
  if (applicationName) parameters.application_name = applicationName;
  const options = get('options');
  if (options) parameters.options = options;
  return {
    hosts: hostList(given.get('hostaddr') || get('host') || 'localhost', get('port') ?? '5432'),
    user,
    database: get('dbname') ?? user,
    ...(password === undefined ? {} : { password }),
    ...(passfile === undefined ? {} : { passfile }),
    sslmode: sslmode as SslMode,
    ...(sslrootcert === undefined ? {} : { sslrootcert }),
    ...(sslcert === undefined ? {} : { sslcert }),
    ...(sslkey === undefined ? {} : { sslkey }),
    channelBinding: channelBinding as Conninfo['channelBinding'],
    targetSession: targetSession as TargetSession,
    // Zero and below mean "wait for ever" to libpq; a service must not, so it gets the longest sensible wait.
    connectTimeoutMs: timeoutS > 0 ? timeoutS * 1000 : 120_000,
    parameters,
  };
}

/**
 * The same URI with another login, whatever the old one's password was pasted as: only the new one is encoded. Pure.
 * @throws {ConnectionError} when it is no URI.
 * @example withLogin('postgres://a:p/w@host/db', 'b', 'x@y') // postgres://b:x%40y@host/db
 */
export function withLogin(uri: string, user: string, password?: string): string {
  const scheme = /^postgres(?:ql)?:\/\//.exec(uri)?.[0];
  if (scheme === undefined)
    throw new ConnectionError('The connection string is no URI: postgres://user:password@host/database');
  const { place, query } = splitUri(uri);
  const others = query.split('&').filter(pair => pair !== '' && !/^(user|password)=/.test(pair));
  const login = [user, ...(password === undefined ? [] : [password])].map(encodeURIComponent).join(':');
  return `${scheme}${login}@${place}${others.length === 0 ? '' : `?${others.join('&')}`}`;
}

/**
 * Passwords are pasted in raw now and then: the last @ before the options ends the login, as everywhere. A question mark
 * with an @ behind it begins options only where a keyword follows.
 */
function splitUri(uri: string): { login: string | null; place: string; query: string } {
  const rest = uri.slice(uri.indexOf('://') + 3);
  const first = rest.indexOf('?');
  const question = rest.indexOf('@', first) < 0 ? first : rest.search(/\?[A-Za-z_]+=/);
  const address = question < 0 ? rest : rest.slice(0, question);
  const at = address.lastIndexOf('@');
  return {
    login: at < 0 ? null : address.slice(0, at),
    place: address.slice(at + 1),
    query: question < 0 ? '' : rest.slice(question + 1),
  };
}

function hostList(hosts: string, ports: string): Conninfo['hosts'] {
  const names = hosts.split(',');
  const numbers = ports.split(',');
  if (numbers.length !== 1 && numbers.length !== names.length) {
    throw invalid('port', 'one port, or as many as there are hosts');
  }
  return names.map((name, i) => {
    const port = Number(numbers[numbers.length === 1 ? 0 : i] || '5432');
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw invalid('port', 'a number from 1 to 65535');
    return { host: name || 'localhost', port };
  });
}

function parseUri(text: string): Map<string, string> {
  const found = new Map<string, string>();
  const { login, place, query } = splitUri(text);
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    if (equals < 0) throw new ConnectionError('The connection URI has a query parameter without "="');
    const keyword = decode(pair.slice(0, equals));
    // JDBC's spelling, which libpq takes too.
    if (keyword === 'ssl' && pair.slice(equals + 1) === 'true') found.set('sslmode', 'require');
    else found.set(keyword, decode(pair.slice(equals + 1)));
  }
  let rest = place;
  const slash = rest.indexOf('/');
  if (slash >= 0) {
    if (slash + 1 < rest.length) setDefault(found, 'dbname', decode(rest.slice(slash + 1)));
    rest = rest.slice(0, slash);
  }
  if (login !== null) {
    const colon = login.indexOf(':');
    setDefault(found, 'user', decode(colon < 0 ? login : login.slice(0, colon)));
    if (colon >= 0) setDefault(found, 'password', decode(login.slice(colon + 1)));
  }
  if (rest !== '') {
    const hosts: string[] = [];
    const ports: string[] = [];
    for (const part of rest.split(',')) {
      const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d*))?$/.exec(part);
      if (!match) throw invalid('host', 'host, host:port or [IPv6]:port');
      hosts.push(decode(match[1] ?? match[2] ?? ''));
      ports.push(match[3] ?? '');
    }
    if (hosts.some(host => host !== '')) setDefault(found, 'host', hosts.join(','));
    if (ports.some(port => port !== ''))
      setDefault(found, 'port', ports.map(port => port || '5432').join(','));
  }
  return found;
}

function setDefault(map: Map<string, string>, key: string, value: string): void {
  if (!map.has(key)) map.set(key, value);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new ConnectionError('The connection URI has a malformed percent-encoding', { cause });
  }
}

function parseKeywords(text: string): Map<string, string> {
  const found = new Map<string, string>();
  const pattern = /\s*([a-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)/gsy;
  const trimmed = text.trimEnd();
  while (pattern.lastIndex < trimmed.length) {
    const match = pattern.exec(trimmed);
    if (!match)
      throw new ConnectionError('The connection string is neither a URI nor a list of keyword=value');
    found.set(match[1]!, (match[2] ?? match[3] ?? '').replace(/\\(.)/gs, '$1'));
  }
  return found;
}

function osUser(): string {
  return userInfo().username;
}

function invalid(keyword: string, shape: string): ConnectionError {
  return new ConnectionError(`The connection string's ${keyword} is wrong: expected ${shape}`);
}
