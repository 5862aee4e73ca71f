/**
 * Headers in which an upstream's addresses of its own are paths from where the proxy reaches it: without its origin, which
 * is of no use to clients, and without the path that the proxy puts before every request. `base` is that path, without a
 * slash at its end. Pure.
 */
export function withoutBase(headers: readonly string[], origin: string, base: string): readonly string[] {
  return headers.map((value, i) => {
    if (i % 2 === 0 || !/^(?:content-)?location$/i.test(headers[i - 1]!)) return value;
    const path = isWithin(value, origin) ? value.slice(origin.length) || '/' : value;
    return base !== '' && isWithin(path, base) ? path.slice(base.length) || '/' : path;
  });
}

function isWithin(value: string, start: string): boolean {
  return value.startsWith(start) && /^(?:$|[/?#])/.test(value.slice(start.length));
}
