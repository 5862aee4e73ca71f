/** What `peakstone.config.ts` says to the run on this machine, in the words of the settings that this reads. */
import { isLeftOut, type StackConfig } from '../definition.ts';
import type { EnvValues } from '../project/envFile.ts';
import { upstreamVariable } from '../project/urls.ts';
import { services } from '../services/index.ts';
import type { Service } from '../services/service.ts';

/** Pure. @param env what an address may name, and what has the last word */
export function configuredSettings(
  { schemas, supabase, services: choices = {} }: StackConfig,
  env: EnvValues,
): EnvValues {
  return {
    ...(schemas === undefined ? {} : { DATABASE_SCHEMAS: schemas.join(',') }),
    ...(supabase === undefined ? {} : { DATABASE_SUPABASE: supabase }),
    ...Object.fromEntries(
      services.filter(takesPart).flatMap(({ name }) => {
        const choice = choices[name] ?? undefined;
        if (isLeftOut(choice)) return [[upstreamVariable(name), 'off'] as const];
        if (typeof choice !== 'object' || choice.engine !== 'external') return [];
        return [[upstreamVariable(name), withValues(choice.url, env)] as const];
      }),
    ),
  };
}

/**
 * What the configuration says of deployments alone. A start on a laptop must not reach for the database of the production,
 * whose roles and passwords it would make its own, and runs no images. Pure.
 */
export function deployedOnly({ services: choices = {} }: StackConfig, env: EnvValues): string[] {
  return services.flatMap(({ name, engines, local, kind }) => {
    const choice = choices[name] ?? undefined;
    const engine = typeof choice === 'object' ? choice.engine : choice;
    if (kind === 'job' || !engines.includes('peakstone')) return [];
    const variable = local?.engineVariable ?? upstreamVariable(name);
    if (env[variable] || !(engine === 'upstream' || (engine === 'external' && local?.essential))) return [];
    return [
      `services.${name}: '${engine}' is for deployments; here the stack runs its own. Another's address: ${variable}=… in .env`,
    ];
  });
}

function takesPart({ kind, local }: Service): boolean {
  return kind === 'service' && !local?.essential;
}

/** `${NAME}` and `${NAME:-default}` as Compose reads them; one that is not set stays, for whoever needs the address to name it. */
function withValues(url: string, env: EnvValues): string {
  return url.replace(
    /\$\{(\w+)(?::-([^}]*))?\}/g,
    (text, name: string, fallback?: string) => env[name] || fallback || text,
  );
}
