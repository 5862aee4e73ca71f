/** `test_webhook_transform`: what a transform makes of a request, without sending it. */
import type { RequestTransform, UrlConf } from '../../definition/webhook.ts';
import { HasuraError } from '../../errors.ts';
import { resolveUrl } from '../../webhook/environment.ts';
import { TransformError, transformRequest } from '../../webhook/transform.ts';
import type { Args, CommandContext, CommandTable } from './command.ts';

function testTransform(args: Args, { config }: CommandContext) {
  const env = { ...config.env, ...args.optional<Record<string, string>>('env') };
  const given = resolveUrl(args.required<UrlConf>('webhook_url'), env);
  const body = args.required<unknown>('body');
  const variables = Object.entries(args.optional<Record<string, string>>('session_variables') ?? {});
  const transform = args.required<RequestTransform>('request_transform');
  const request = { url: given, method: 'GET', headers: [], body: JSON.stringify(body) };
  const session = { variables: new Map(variables.map(([name, value]) => [name.toLowerCase(), value])) };
  try {
    const made = transformRequest(request, transform, { body, session });
    const isUntouched = transform.url === undefined && transform.query_params === undefined;
    return {
      webhook_url: isUntouched ? (URL.parse(made.url)?.href ?? made.url) : made.url,
      method: made.method,
      headers: made.headers,
      body: shownBody(made.body),
    };
  } catch (error) {
    if (!(error instanceof TransformError)) throw error;
    throw new HasuraError('validation-failed', 'request transform validation failed', {
      path: ['args'],
      internal: error.errors,
      cause: error,
    });
  }
}

/** JSON where it is some, else the text. */
function shownBody(body: string | null): unknown {
  if (body === null) return '';
  try {
    return JSON.parse(body);
  } catch {
    // A form's text is none.
    return body;
  }
}

export const transformCommands: CommandTable = { test_webhook_transform: testTransform };
