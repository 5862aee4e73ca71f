/**
 * Content negotiation: which of the accepted media types is produced, and by what.
 * @see https://docs.postgrest.org/en/stable/references/api/media_type_handlers.html
 */
import type { Catalog, MediaHandler, QualifiedName } from '@peakstone/kernel/catalog';
import { requestErrors } from '../errors.ts';
import { jsonType, type MediaType, parseMediaType, renderMime } from '../parse/media.ts';
import type { Handler, ResolvedHandler } from './types.ts';

export interface Negotiation {
  readonly accepts: readonly MediaType[];
  /** The relation read, or the function called with its result's relation in its place when it has one. */
  readonly identifier: QualifiedName;
  /** Handlers for a relation's rows apply only to whole rows. */
  readonly hasDefaultSelect: boolean;
  readonly planEnabled: boolean;
  /** No body is wanted: HEAD, or a write without `return=representation`. */
  readonly needsNoBody: boolean;
}

const noBody: Handler = { kind: 'none' };

/** Takes the first accepted type that can be produced. @throws {RestError} PGRST107 */
export function negotiate(catalog: Catalog, negotiation: Negotiation): ResolvedHandler {
  for (const accepted of negotiation.accepts) {
    const found = resolve(catalog, accepted, negotiation);
    if (found) return negotiation.needsNoBody ? { ...found, handler: noBody } : found;
  }
  throw requestErrors.unacceptableMediaType(negotiation.accepts.map(renderMime));
}

function resolve(catalog: Catalog, accepted: MediaType, negotiation: Negotiation): ResolvedHandler | null {
  switch (accepted.kind) {
    case 'object':
      return { handler: { kind: 'object', stripsNulls: accepted.stripsNulls }, mediaType: accepted };
    case 'arrayStripped':
      return { handler: { kind: 'arrayStripped' }, mediaType: accepted };
    case 'plan': {
      if (!negotiation.planEnabled) return null;
      const inner = resolve(catalog, accepted.for, { ...negotiation, planEnabled: false });
      return inner && { handler: inner.handler, mediaType: accepted };
    }
    default:
      return custom(catalog.mediaHandlers, accepted, negotiation) ?? builtIn(accepted);
  }
}

function custom(
  handlers: readonly MediaHandler[],
  accepted: MediaType,
  { identifier, hasDefaultSelect }: Negotiation,
): ResolvedHandler | null {
  if (handlers.length === 0) return null;
  const wanted = renderMime(accepted);
  const isOwn = ({ relation }: MediaHandler): boolean =>
    relation?.schema === identifier.schema && relation.name === identifier.name;
  const own = hasDefaultSelect ? handlers.filter(isOwn) : [];
  const found =
    own.find(each => each.mediaType === '*/*') ??
    own.find(each => each.mediaType === wanted) ??
    handlers.find(each => each.relation === null && each.mediaType === wanted);
  if (!found) return null;
  const mediaType = parseMediaType(found.resolvedMediaType ?? found.mediaType);
  if (found.isAggregate) {
    return { handler: { kind: 'custom', routine: found.routine, relation: found.relation }, mediaType };
  }
  // The function's result already is of the media type's domain: the cast to it changes nothing, and makes it a body.
  return {
    handler: { kind: 'custom', routine: found.domain ?? found.routine, relation: found.relation },
    mediaType,
  };
}

function builtIn(accepted: MediaType): ResolvedHandler | null {
  switch (accepted.kind) {
    case 'any':
    case 'json':
      return { handler: { kind: 'json' }, mediaType: jsonType };
    case 'csv':
      return { handler: { kind: 'csv' }, mediaType: accepted };
    case 'geojson':
      return { handler: { kind: 'geojson' }, mediaType: accepted };
    default:
      return null;
  }
}
