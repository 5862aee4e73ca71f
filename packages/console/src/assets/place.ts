import { fileURLToPath } from 'node:url';

/** Where the build puts the web app, beside the package's code: the same place in a clone and in the published package. */
export const BUILT = fileURLToPath(new URL('../../dist/web/', import.meta.url));
