/** Checks of where data lie and of what images they are run by. */
import { posix } from 'node:path';
import { error, type ValueCheck, warning } from './check.ts';

/** Variables that name a place; the environment that they come with has others that end alike. */
const PLACES = /_(?:DATA_HOST|MIGRATIONS)_DIR$/;

/**
 * A volume of the rendered file, or a folder. Anything else Compose takes for a volume that nobody declared; and a folder of
 * the checkout goes with it, which Dokploy deletes on each fetch.
 */
export function isPlace(volume: string): ValueCheck {
  return (value, { name, values, stack }) => {
    const hint = `use the volume ${volume} (leave ${name} out), an absolute path, or ../files/… under Dokploy`;
    if (/[:\p{Cc}]/u.test(value))
      return error(
        `'${value}' holds a colon or a control character, where Compose ends a path`,
        'give the folder alone: whether it may be written to is the stack’s to say',
      );
    for (const [other, text] of Object.entries(values)) {
      const place = text?.trim() ?? '';
      if (other === name || !PLACES.test(other) || !areComparable(place, value)) continue;
      const way = posix.relative(place, value);
      // Told once, of the later one.
      if (way === '' && other < name)
        return error(`it is the place of ${other} too`, 'give each its own folder');
      if (way !== '' && way !== '..' && !way.startsWith('../'))
        return error(`it lies inside the place of ${other}`, 'give each a folder beside the other’s');
    }
    if (value === volume || /^(?:\/[^/]|\.\.\/)/.test(value)) return undefined;
    if (/^\.\/?/.test(value)) {
      const where = 'it is a folder of the checkout';
      return stack.routes === 'dokploy'
        ? error(`${where}, which Dokploy deletes on each fetch, with the data`, hint)
        : warning(`${where}, and goes with it`, hint);
    }
    return error(`'${value}' is neither the volume ${volume} nor a path`, hint);
  };
}

/** Both absolute, or both from the checkout, wherever that will be. */
function areComparable(one: string, other: string): boolean {
  return /^[./]/.test(one) && /^[./]/.test(other) && posix.isAbsolute(one) === posix.isAbsolute(other);
}

/** Images are pinned: what moves may differ between two servers, or between today and a restart tomorrow. */
export const isPinnedImage: ValueCheck = (value, { name }) => {
  if (/^(?:docker\.io\/)?minio\/(?:minio|mc)[:@]?/.test(value))
    return error('this repository was deleted in September 2026', `leave ${name} out, or use quay.io/minio`);
  if (!/^[a-z0-9][\w.:/-]*(?:@sha256:[0-9a-f]{64})?$/i.test(value))
    return error(`'${value}' is no image`, 'give one such as ghcr.io/you/peakstone:1.2.3');
  if (/:latest$/.test(value) || !/[:@]/.test(value.split('/').at(-1) ?? ''))
    return warning(
      'its tag moves, so that two servers may run different versions',
      'pin a version or a digest',
    );
  return undefined;
};

/** The server's settings name extensions, without which it does not start. */
export const isStackPostgres: ValueCheck = value => {
  const hint = 'leave POSTGRES_IMAGE out, or build deploy/postgres/Dockerfile';
  if (/^ghcr\.io\/willosagiede-dev\/peakstone-postgres[:@]/.test(value))
    return warning(
      'it is the original stack’s image, which lacks pgvector and gets no fixes from here',
      hint,
    );
  const major = /(?:^|\/)[\w-]*(?:postgres|pg)[\w-]*:v?(\d{1,2})(?:[.-]|$)/.exec(value)?.[1];
  if (major !== undefined && Number(major) > 6 && major !== '17')
    return error(`it is PostgreSQL ${major}; the stack’s data folder is 17’s`, hint);
  if (/^(?:docker\.io\/)?(?:library\/)?postgres(?::|@|$)/.test(value))
    return error(
      'the official image lacks pg_cron and pgaudit, without which the server does not start',
      hint,
    );
  return undefined;
};
