/** What a class of cases has around it: webhooks and remote schemas, each named by a variable of the server's environment. */
import type { Case } from '../cases.ts';
import { type AskServer, startActionsStub } from './actions.ts';
import { startCookieWebhook, startTokenWebhook } from './auth.ts';
import { type EventSink, startEventSink } from './events.ts';
import { startFixedAnswers } from './fixedAnswers.ts';
import type { Stub } from './http.ts';
import { messagesSchema, permissionsSchema, welcomeSchema } from './messageSchemas.ts';
import { startRemoteSchema, startRemoteSchemas } from './remoteSchemas.ts';

export interface Stubs {
  readonly env: Readonly<Record<string, string>>;
  /** Of event triggers and of scheduled events, by the variable that names it. */
  readonly sinks: ReadonlyMap<string, EventSink>;
  stop(): Promise<void>;
}

const permissionsModules = ['test_remote_schema_permissions.py', 'test_roles_inheritance.py'];

/** Starts what the cases of a class name. */
export async function startStubs(group: readonly Case[], text: string, ask: AskServer): Promise<Stubs> {
  const { module, fixtures } = group[0]!;
  const stubs: Stub[] = [];
  const env: Record<string, string> = {};
  const sinks = new Map<string, EventSink>();
  const names = (variable: string): boolean => text.includes(`{{${variable}}}`);
  const add = async (variable: string, started: Promise<Stub>): Promise<void> => {
    const stub = await started;
    stubs.push(stub);
    env[variable] = stub.url;
  };
  for (const variable of ['EVENT_WEBHOOK_HANDLER', 'SCHEDULED_TRIGGERS_WEBHOOK_DOMAIN']) {
    if (!names(variable)) continue;
    const sink = await startEventSink();
    sinks.set(variable, sink);
    await add(variable, Promise.resolve(sink));
  }
  if (names('ACTION_WEBHOOK_HANDLER')) await add('ACTION_WEBHOOK_HANDLER', startActionsStub(ask));
  if (names('REMOTE_SCHEMAS_WEBHOOK_DOMAIN'))
    await add('REMOTE_SCHEMAS_WEBHOOK_DOMAIN', startRemoteSchemas());
  if (names('GRAPHQL_SERVICE_HANDLER'))
    await add(
      'GRAPHQL_SERVICE_HANDLER',
      startRemoteSchema(module === 'test_actions.py' ? welcomeSchema : messagesSchema),
    );
  if (names('GRAPHQL_SERVICE')) await add('GRAPHQL_SERVICE', startFixedAnswers());
  if (permissionsModules.includes(module))
    for (const [i, idType] of (['Int', 'Int', 'Float'] as const).entries())
      await add(`GRAPHQL_SERVICE_${i + 1}`, startRemoteSchema(permissionsSchema(idType)));
  if (fixtures.includes('webhook_server') || /^TestWebhook/.test(group[0]!.class ?? ''))
    await add('HASURA_GRAPHQL_AUTH_HOOK', startTokenWebhook());
  if (fixtures.includes('auth_hook')) {
    await add('HASURA_GRAPHQL_AUTH_HOOK', startCookieWebhook());
    env.HASURA_GRAPHQL_AUTH_HOOK += '/auth';
  }
  return {
    env,
    sinks,
    async stop() {
      await Promise.all(stubs.map(stub => stub.stop()));
    },
  };
}
