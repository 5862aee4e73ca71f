/** Headers of the connection, and not of who asks: no webhook is sent them. */
export const connectionHeaders: ReadonlySet<string> = new Set([
  'content-length',
  'content-md5',
  'user-agent',
  'host',
  'origin',
  'referer',
  'accept',
  'accept-encoding',
  'accept-language',
  'accept-datetime',
  'cache-control',
  'connection',
  'dnt',
  'content-type',
  'transfer-encoding',
  'upgrade',
]);
