import type { SourceModel } from '../model/types.ts';
import type { EventTriggerConf } from './types.ts';

/** A source's event triggers by their names. Pure. */
export function triggersOf(source: SourceModel | undefined): ReadonlyMap<string, EventTriggerConf> {
  return new Map(
    [...(source?.tables.values() ?? [])].flatMap(({ metadata }) =>
      ((metadata.event_triggers ?? []) as unknown as readonly EventTriggerConf[]).map(
        trigger => [trigger.name, trigger] as const,
      ),
    ),
  );
}
