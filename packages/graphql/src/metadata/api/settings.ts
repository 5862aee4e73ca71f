/** Sections of the metadata that are one object each: set whole, or removed. */
import { compact, withSource } from '../../definition/edit.ts';
import type { JsonObject, Metadata } from '../../definition/metadata.ts';
import { HasuraError } from '../../errors.ts';
import { type Args, type Command, type CommandTable, success } from './command.ts';

type Section = 'api_limits' | 'metrics_config' | 'graphql_schema_introspection' | 'opentelemetry';

function setSection(
  section: Section,
  read: (args: Args, known: unknown) => unknown = args => args.value,
): Command {
  return (args, { staged }) => {
    staged.stage({ ...staged.metadata, [section]: read(args, staged.metadata[section]) } as Metadata);
    return success;
  };
}

function removeSection(section: Section): Command {
  return (_args, { staged }) => {
    staged.stage(compact({ ...staged.metadata, [section]: undefined }));
    return success;
  };
}

interface TlsEntry {
  readonly host: string;
  readonly suffix?: string | undefined;
}

const allowlistOf = ({ network }: Metadata): readonly TlsEntry[] =>
  (network?.tls_allowlist ?? []) as unknown as readonly TlsEntry[];

function withAllowlist(metadata: Metadata, entries: readonly TlsEntry[]): Metadata {
  const network = { ...metadata.network, tls_allowlist: entries } as unknown as JsonObject;
  return { ...metadata, network };
}

const queryTagFormats = ['standard', 'sqlcommenter', 'standard_prepended'];

export const settingsCommands: CommandTable = {
  set_api_limits: setSection('api_limits'),
  remove_api_limits: removeSection('api_limits'),
  set_metrics_config: setSection('metrics_config'),
  remove_metrics_config: removeSection('metrics_config'),
  set_graphql_schema_introspection_options: setSection('graphql_schema_introspection', args => ({
    disabled_for_roles: args.required('disabled_for_roles'),
  })),
  set_opentelemetry_config: setSection('opentelemetry'),
  set_opentelemetry_status: setSection('opentelemetry', (args, known) => ({
    ...(known as object | undefined),
    status: args.value,
  })),
  set_query_tags(args, { staged }) {
    const query_tags = {
      disabled: args.optional<boolean>('disabled') ?? false,
      format: (args.optional<string>('format') ?? 'standard').toLowerCase(),
      omit_request_id: args.optional<boolean>('omit_request_id') ?? true,
    };
    if (!queryTagFormats.includes(query_tags.format))
      throw new HasuraError(
        'parse-failed',
        'Not a valid query tags format value. Use either standard, sqlcommenter, or standard_prepended',
        { path: ['args', 'format'] },
      );
    staged.stage(withSource(staged.metadata, args.text('source_name'), each => ({ ...each, query_tags })));
    return success;
  },
  add_host_to_tls_allowlist(args, { staged }) {
    const host = args.text('host');
    const suffix = args.optional<string>('suffix');
    const known = allowlistOf(staged.metadata);
    if (known.some(each => each.host === host && each.suffix === suffix))
      throw new HasuraError(
        'already-exists',
        `the host ${JSON.stringify(host)} already exists in the allowlist`,
        { path: ['args'] },
      );
    const entry = compact({ host, suffix, permissions: args.optional('permissions') });
    staged.stage(withAllowlist(staged.metadata, [...known, entry]));
    return success;
  },
  drop_host_from_tls_allowlist(args, { staged }) {
    const host = args.text('host');
    const suffix = args.optional<string>('suffix');
    const known = allowlistOf(staged.metadata);
    const rest = known.filter(each => each.host !== host || each.suffix !== suffix);
    if (rest.length === known.length)
      throw new HasuraError('not-exists', `the host ${JSON.stringify(host)} isn't present in the allowlist`, {
        path: ['args'],
      });
    staged.stage(withAllowlist(staged.metadata, rest));
    return success;
  },
  list_source_kinds: () => ({
    sources: ['pg', 'citus', 'cockroach'].map(kind => ({
      kind,
      builtin: true,
      available: true,
      display_name: kind,
    })),
  }),
};
