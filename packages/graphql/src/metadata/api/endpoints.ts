/** REST endpoints. */
import { compact } from '../../definition/edit.ts';
import type { Metadata, RestEndpoint } from '../../definition/metadata.ts';
import { HasuraError } from '../../errors.ts';
import { nonEmpty } from './collections.ts';
import { type CommandContext, type CommandTable, success } from './command.ts';
import { stageConsistently } from './consistency.ts';

function withEndpoints({ staged }: CommandContext, list: readonly RestEndpoint[]): Metadata {
  return compact({ ...staged.metadata, rest_endpoints: list.length > 0 ? list : undefined } as Metadata);
}

export const endpointCommands: CommandTable = {
  create_rest_endpoint(args, context) {
    const name = nonEmpty(args, 'name');
    const endpoint = compact({
      name,
      url: nonEmpty(args, 'url'),
      methods: args.required<readonly string[]>('methods'),
      definition: args.required<RestEndpoint['definition']>('definition'),
      comment: args.optional<string>('comment'),
    }) as RestEndpoint;
    const known = context.staged.metadata.rest_endpoints ?? [];
    if (known.some(each => each.name === name))
      throw new HasuraError('already-exists', `rest endpoint with name "${name}" already exists`, {
        path: ['args'],
      });
    stageConsistently(context.staged, withEndpoints(context, [...known, endpoint]), {
      kind: 'other',
      section: 'rest_endpoints',
      name,
    });
    return success;
  },
  drop_rest_endpoint(args, context) {
    const name = args.text('name');
    const known = context.staged.metadata.rest_endpoints ?? [];
    if (!known.some(each => each.name === name))
      throw new HasuraError('not-exists', `rest endpoint with name "${name}" does not exist`, {
        path: ['args'],
      });
    context.staged.stage(
      withEndpoints(
        context,
        known.filter(each => each.name !== name),
      ),
    );
    return success;
  },
};
