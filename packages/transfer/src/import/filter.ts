import { EXTENSIONS_SCHEMA, PLATFORM_SCHEMAS, type Reason, schemasWith } from '@peakstone/kernel/inventory';
import type { Origin } from './decision.ts';
import { type ObjectName, showName } from './names.ts';
import { OWN_TABLES } from './platform.ts';
import type { Survey } from './survey.ts';
import type { World } from './world.ts';

export interface Case {
  readonly origin: Origin;
  readonly world: World;
  readonly survey: Survey;
}

/** The stack's own schemas, which no dump changes. */
const OWN_SCHEMAS = schemasWith('notImported');

/** Of Supabase's platform, so that tables of it may be there that nobody made by hand. */
const SKELETON_SCHEMAS = schemasWith('supabase');

/** What of a dump is taken over at all. */
export class ImportFilter {
  readonly origin: Origin;
  readonly world: World;
  readonly survey: Survey;
  /** What was left out, so that what is said of it later is left out as well. */
  readonly #left = new Set<string>(OWN_TABLES);

  constructor({ origin, world, survey }: Case) {
    this.origin = origin;
    this.world = world;
    this.survey = survey;
  }

  leaveOut(object: ObjectName): void {
    this.#left.add(showName(object));
  }

  /** Whether the dump uses an extension that this server does not have. */
  isAbsent(extension: string): boolean {
    return !this.world.available.includes(extension) && !(extension in this.world.extensions);
  }

  isThere(object: ObjectName): boolean {
    const name = showName(object);
    return !this.isLeft(object) && (this.survey.created.has(name) || name in this.world.relations);
  }

  /** Of the platform's tables some are not there, and so not their sequences; an identity column's needs no statement of its own. */
  hasSequence(sequence: ObjectName): boolean {
    if (this.isLeft(sequence) || sequence.schema === 'cron') return false;
    return !SKELETON_SCHEMAS.includes(sequence.schema) || this.isThere(sequence);
  }

  isLeft(object: ObjectName): boolean {
    return this.#left.has(showName(object)) || this.leftSchema(object.schema) !== null;
  }

  /** Why nothing of a schema is taken over; null where it is. */
  leftSchema(schema: string): Reason | null {
    if (OWN_SCHEMAS.includes(schema)) return { why: 'the stack’s own, which its start makes' };
    if (this.origin === 'postgres' && schema !== EXTENSIONS_SCHEMA) return null;
    return PLATFORM_SCHEMAS.find(({ name }) => name === schema)?.left ?? null;
  }

  isOwnSchema(name: string): boolean {
    return this.world.schemas.includes(name) || this.leftSchema(name) !== null;
  }

  isStacks(schema: string): boolean {
    return OWN_SCHEMAS.includes(schema);
  }
}
