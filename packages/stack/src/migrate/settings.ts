import { readSupabaseMode, type SupabaseMode } from '@peakstone/database';
import type { EnvValues } from '../project/envFile.ts';
import type { StackPaths } from '../project/paths.ts';
import { stackValues } from '../run/stackValues.ts';

/** What makes a throw-away server as the stack's is. */
export interface ServerSettings {
  readonly binaries?: 'auto' | 'embedded' | 'system';
  readonly timezone?: string;
}

/** Pure. */
export function serverSettings({ DATABASE_ENGINE: engine, TZ }: EnvValues): ServerSettings {
  return {
    binaries: engine === 'embedded' || engine === 'system' ? engine : 'auto',
    ...(TZ ? { timezone: TZ } : {}),
  };
}

/** The application's. Pure. */
export function schemasOf({ DATABASE_SCHEMAS: schemas }: EnvValues): readonly string[] {
  return (schemas || 'public').split(',').map(name => name.trim());
}

/** What makes a database on one as a new stack's would be. */
export interface ReplaySettings {
  readonly server?: ServerSettings;
  readonly supabase?: SupabaseMode;
  /** Those of the application. Default `public`. */
  readonly schemas?: readonly string[];
}

/** Of a project's stack, whether it runs or not. @throws {ConfigError}; {StackConfigError} */
export async function replaySettings(paths: StackPaths, env: EnvValues): Promise<ReplaySettings> {
  const values = await stackValues(paths, env);
  return {
    server: serverSettings(values),
    supabase: readSupabaseMode(values),
    schemas: schemasOf(values),
  };
}
