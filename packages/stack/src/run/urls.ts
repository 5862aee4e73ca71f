/** Where clients on this machine reach a service that listens on `host`. Pure. */
export function httpUrl(host: string, port: number | undefined): string {
  const reachable = host === '0.0.0.0' || host === '::' || host === '' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port ?? 0}`;
}

/** An engine setting that is an address: who serves is somebody else. Pure. */
export function externalUrl(engine: string | undefined): string | null {
  return engine !== undefined && /^[a-z][a-z0-9+.-]*:\/\//i.test(engine) ? engine : null;
}
