import { type HttpRequest, networks } from '@peakstone/kernel/http';

/**
 * Who may see what is for those who run the stack: peers in the given networks, not asking through a proxy.
 * A proxy on this machine hands on strangers' requests, so anything forwarded counts as a stranger's.
 * @throws {RangeError} naming an entry that isn't a network.
 */
export function createAdminCheck(entries: readonly string[]): (request: HttpRequest) => boolean {
  const contains = networks(entries);
  return request =>
    request.headers['x-forwarded-for'] === undefined &&
    request.headers.forwarded === undefined &&
    (request.remoteAddress === '' || contains(request.remoteAddress));
}
