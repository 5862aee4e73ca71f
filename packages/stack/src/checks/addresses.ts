/** Checks of hosts, ports and origins. */
import { isExampleHost } from '../exampleHost.ts';
import { error, type ValueCheck, warning } from './check.ts';

/** A host goes into routes, certificates and CORS as it stands. */
export const isHost: ValueCheck = value => {
  if (!/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i.test(value))
    return error(`'${value}' is not a host name`, 'give the host alone, such as api.example.com');
  if (/^[\d.]+$/.test(value) || !value.includes('.'))
    return warning(`nobody gets a certificate for '${value}'`, 'give a name that resolves from outside');
  return undefined;
};

/** One host leads to one service; Traefik drops both routes of two that claim it. */
export const isHostOfItsOwn: ValueCheck = (value, { name, values }) => {
  const twin = Object.entries(values).find(
    ([other, host]) =>
      other !== name && other.startsWith('DOMAIN_') && host?.trim().toLowerCase() === value.toLowerCase(),
  );
  // Told once, of the later one.
  return twin === undefined || twin[0] > name || isExampleHost(value)
    ? undefined
    : error(`${value} is the host in ${twin[0]} already`, 'give each service a host of its own');
};

const loopback = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])$/;
const privateNetwork =
  /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)[\d.]+$/;

/**
 * Where a port is published, which is for this machine only. What has no route from outside, such as a database, must not
 * get one this way.
 * @param inside what it opens, where that has credentials of its own alone or none
 */
export function isLocalAddress(inside: string | undefined): ValueCheck {
  return (value, { values, name }) => {
    const match = /^(?:(.*):)?(\d+)$/.exec(value);
    const port = Number(match?.[2]);
    if (!match || port < 1 || port > 65_535)
      return error(`'${value}' is no address to listen on`, 'give one such as 127.0.0.1:5432');
    const host = match[1] ?? '';
    const twin = Object.entries(values).find(
      ([other, address]) => other > name && isPublished(other) && address?.trim() === value,
    );
    if (twin) return error(`${value} is where ${twin[0]} listens`, 'give each service a port of its own');
    if (loopback.test(host)) return undefined;
    const what = inside ?? 'the service';
    const hint = `use 127.0.0.1:${port}, and reach it by an SSH tunnel or a VPN`;
    if (privateNetwork.test(host)) return warning(`it opens ${what} to a private network`, hint);
    const message = `it opens ${what} to every network`;
    return inside === undefined ? warning(message, hint) : error(message, hint);
  };
}

function isPublished(name: string): boolean {
  return name.startsWith('PUBLISH_') || name === 'POSTGRES_PORT';
}

/** pgAdmin's own rule: no domain that is reserved for other uses. @see https://www.iana.org/assignments/special-use-domain-names */
export const isEmail: ValueCheck = value => {
  const hint = 'give a real address; it is the name to sign in with';
  if (!/^[^\s@]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(value))
    return error(`'${value}' is no e-mail address`, hint);
  const ending = /\.(?:arpa|invalid|local|localhost|onion|test)$/i.exec(value)?.[0];
  return ending === undefined
    ? undefined
    : error(`pgAdmin does not start with an address at ${ending}`, hint);
};

/** What a browser sends as Origin has neither path nor slash. */
export const areOrigins: ValueCheck = value => {
  const hint = 'list origins such as https://app.example.com, separated by commas';
  for (const origin of value.split(',').map(part => part.trim())) {
    if (origin === '*') continue;
    if (/^https?:\/\/[^/\s,]+\/+$/i.test(origin))
      return error(`'${origin}' ends with a slash, which no browser sends`, hint);
    if (!/^https?:\/\/[^/\s,?#@]+$/i.test(origin)) return error(`'${origin}' is no origin`, hint);
  }
  return undefined;
};
