import type { Health } from '@peakstone/kernel/service';
import { services } from '../services/index.ts';
import type { LocalRun, RunEngine } from '../services/local.ts';
import { ServiceProcess } from './process/process.ts';

export interface ProcessesOptions {
  readonly engines: ReadonlyMap<string, RunEngine>;
  /** A line that a process printed. */
  readonly onLine: (process: string, line: string) => void;
  /** One began or ended. */
  readonly onChange: () => void;
  /** How a service is, for those in other processes. */
  readonly health: (service: string) => Promise<Health>;
}

/** The name of the process that a service runs in. Pure. */
export function processName(service: string, { process }: LocalRun): string {
  return process === 'own' ? service : process;
}

/** The processes that the services of ours are spread over, by name, besides the supervisor's own. Nothing is begun yet. */
export function planProcesses({
  engines,
  onLine,
  ...options
}: ProcessesOptions): ReadonlyMap<string, ServiceProcess> {
  const here = services.flatMap(({ name, local }) =>
    local && local.process !== 'supervisor' && engines.get(name)?.kind === 'peakstone'
      ? [{ process: processName(name, local), local }]
      : [],
  );
  return new Map(
    [...Map.groupBy(here, ({ process }) => process)].map(([name, tenants]) => [
      name,
      new ServiceProcess({
        ...options,
        name,
        limits: tenants[0]?.local.limits ?? {},
        modules: tenants.map(({ local }) => local.run),
        onLine: line => onLine(name, line),
      }),
    ]),
  );
}
