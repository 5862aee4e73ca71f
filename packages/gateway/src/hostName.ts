/** Host header without its port, in lower case, without the dot that ends a full name. Pure. */
export function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
}
