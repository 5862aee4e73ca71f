/** A field of a remote schema that is joined to objects from elsewhere, as text with room for their keys. Pure. */
import type { Json, JsonObject } from '../definition/metadata.ts';
import { baseName, type TypeRef } from '../ir/typeRef.ts';
import { hiddenName, type JoinTree, type KeyValue, type RemoteJoin } from '../joins/types.ts';
import type { RemoteSchemaModel } from '../model/types.ts';
import { literalText } from '../remote/literal.ts';
import { isTemplateObject, memberOf } from '../remote/template.ts';
import type { Preset, RemoteInput } from '../remote/types.ts';
import { inputText } from '../resolve/inputText.ts';
import type { ResolvedField } from '../resolve/selection.ts';
import type { Input } from '../resolve/values.ts';
import type { FieldMeaning } from '../schema/meaning.ts';
import { renamedPlaces, SessionValues, selectionText } from './remote.ts';

type Means = Extract<FieldMeaning, { readonly kind: 'remoteJoin' }>;
type Parts = readonly (string | KeyValue)[];

export function planRemoteJoin(field: ResolvedField, means: Means, below: JoinTree | null): RemoteJoin {
  const { schema, members, steps } = means;
  const writer = new ArgumentsWriter(schema);
  return {
    kind: 'remote',
    keys: members.map(member => [hiddenName(member), member]),
    below,
    schema,
    steps: steps.map(({ field: name, template, inputs, presets }, i) => {
      const given = i === steps.length - 1 ? new Map(Object.entries(field.args)) : new Map<string, Input>();
      const parts = writer.members(template, inputs, given, presets);
      return { field: name, args: parts.length > 0 ? ['(', ...parts, ')'] : [] };
    }),
    selection: selectionText(field.selection, schema, writer.values),
    sessionValues: writer.values.byName,
    typenames: renamedPlaces(field.selection, schema),
  };
}

class ArgumentsWriter {
  readonly values = new SessionValues();
  readonly #schema: RemoteSchemaModel;

  constructor(schema: RemoteSchemaModel) {
    this.#schema = schema;
  }

  /** Arguments, or fields of an input object: those of the relationship, the client's, and the permission's. */
  members(
    template: JsonObject,
    inputs: ReadonlyMap<string, RemoteInput>,
    given: ReadonlyMap<string, Input>,
    presets: ReadonlyMap<string, Preset> | undefined,
  ): Parts {
    const written = [...new Set([...Object.keys(template), ...given.keys()])].map((name): Parts => {
      const of = inputs.get(name)!;
      return [`${name}: `, ...this.#value(template[name], of.type, given.get(name))];
    });
    const rest = [...(presets ?? [])].filter(([name]) => template[name] === undefined);
    const all: Parts[] = [...written, ...this.values.presets(new Map(rest)).map(text => [text])];
    return all.flatMap((parts, i) => (i === 0 ? parts : [', ', ...parts]));
  }

  #value(template: Json | undefined, type: TypeRef, given: Input | undefined): Parts {
    if (template === undefined)
      return [given ? inputText(given, ({ presets }) => this.values.presets(presets)) : 'null'];
    const member = memberOf(template);
    if (member !== null) return [{ key: member, type }];
    if (Array.isArray(template)) {
      const of = type.kind === 'list' ? type.of : type;
      const items = (template as readonly Json[]).map(item => this.#value(item, of, undefined));
      return ['[', ...items.flatMap((parts, i) => (i === 0 ? parts : [', ', ...parts])), ']'];
    }
    const found = this.#schema.document.types.get(baseName(type));
    if (!isTemplateObject(template) || found?.kind !== 'input')
      return [literalText(template, type, this.#schema.document)];
    const open = given?.kind === 'object' ? given : null;
    const fields = new Map(open?.fields.map(({ def, value }) => [def.name, value]));
    return ['{', ...this.members(template, found.fields, fields, open?.type.presets), '}'];
  }
}
