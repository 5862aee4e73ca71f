import type { Connection, RemoteLocation, Site } from '@peakstone/stack/objects';
import { type Context, type Invocation, jsonOption, stackOptions } from '../grammar/command.ts';
import { UsageError } from '../grammar/errors.ts';
import { type Interruption, interruptible } from '../interrupt.ts';
import { stackOf } from '../stack.ts';

/** Options of every command that speaks to a server of S3. */
export const siteOptions = { ...jsonOption, ...stackOptions };

/** How places are written: a paragraph of help. */
export const placesHelp =
  'BUCKET/KEY is in the stack whose folder this is (s3://BUCKET/KEY where files are meant as well); ALIAS:BUCKET/KEY on the server of that name, from MC_HOST_ALIAS=https://KEY:SECRET@HOST or mc’s own file (~/.mc/config.json); https://HOST/BUCKET/KEY anywhere, with the keys of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or of ~/.aws/credentials. Keys are never taken from the command line, which others can see.';

/** Servers by site: one connection each. */
export type Connect = (site: Site) => Promise<Connection>;

/** Does `work` with connections that are closed after it; Ctrl-C ends what is under way. */
export async function withSites(
  invocation: Pick<Invocation, 'options'>,
  context: Context,
  interruption: Interruption,
  work: (connect: Connect, signal: AbortSignal) => Promise<number>,
): Promise<number> {
  return await interruptible(context, interruption, async signal => {
    const { connectSite } = await import('@peakstone/stack/objects');
    const open = new Map<string, Promise<Connection>>();
    const connect: Connect = site => {
      const name = site.kind === 'alias' ? site.name : site.kind === 'url' ? site.origin : '';
      const made =
        open.get(name) ??
        stackOf(invocation, context).then(paths => connectSite(site, paths, context.env, signal));
      open.set(name, made);
      return made;
    };
    try {
      return await work(connect, signal);
    } finally {
      for (const made of open.values())
        await made.then(
          connection => connection.close(),
          // It was told to whoever asked for it.
          () => undefined,
        );
    }
  });
}

/** A place with a bucket. @throws {UsageError} */
export function needBucket(place: RemoteLocation): RemoteLocation {
  if (place.bucket === '')
    throw new UsageError(`'${place.text}' names no bucket.`, 'Write it as BUCKET/KEY.');
  return place;
}

/** A place with a bucket and a key. @throws {UsageError} */
export function needKey(place: RemoteLocation): RemoteLocation {
  if (needBucket(place).key === '')
    throw new UsageError(`'${place.text}' names no object.`, 'Write it as BUCKET/KEY.');
  return place;
}

/** What Ctrl-C leaves where each call is whole. */
export const wholeCalls: Interruption = {
  cancelled: 'What was done before is done.',
  again: 'What was done before is done.',
};
