/** One client's WebSocket: who it is, and the operations that it has under way. */
import { startPaced } from '@peakstone/kernel/pace';
import type { Turns } from '@peakstone/kernel/pg';
import type { WebSocket } from 'ws';
import type { Authenticate, Headers } from '../auth/session.ts';
import type { Session } from '../auth/types.ts';
import type { GraphqlConfig } from '../config/types.ts';
import type { ExecutablePlan, GraphqlRequest } from '../engine/types.ts';
import type { Engine } from '../engine.ts';
import { graphqlErrors, HasuraError } from '../errors.ts';
import { assertSize, boundsOf } from '../http/body.ts';
import { measureJson } from '../http/measureJson.ts';
import { Inbox } from './inbox.ts';
import { type ClientMessage, MessageError, parseMessage } from './message.ts';
import { type Closing, closing, type Protocol, refusedInV1Alpha1 } from './protocol.ts';
import { type Holder, holderOf } from './shares.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface ConnectionContext {
  readonly config: GraphqlConfig;
  readonly engine: Engine;
  readonly authenticate: Authenticate;
  readonly subscriptions: Subscriptions;
  /** Of those whose operations are planned: each has one planned at a time, however many connections he has. */
  readonly planning: Turns;
  readonly limits: ConnectionLimits;
  readonly onFault: (error: unknown) => void;
}

/** Bounds on what one client may have us hold. */
export interface ConnectionLimits {
  readonly maxOperations: number;
  /** Bytes that the client has not read yet. */
  readonly maxWaitingBytes: number;
}

/** The path that it came by. */
export interface Endpoint {
  readonly kind: 'standard' | 'relay';
  readonly errors: 'graphql' | 'graphqlStatus';
}

type State =
  | { readonly kind: 'new' | 'authenticating' }
  | { readonly kind: 'ready'; readonly session: Session }
  | { readonly kind: 'refused'; readonly reason: string };

/** Until a client that does not read is cut. */
const cutMs = 1000;
/** The longest that a timer can wait. */
const maxTimerMs = 2 ** 31 - 1;

export class Connection {
  readonly #socket: WebSocket;
  readonly #protocol: Protocol;
  readonly #headers: Headers;
  readonly #endpoint: Endpoint;
  readonly #address: string;
  readonly #inbox: Inbox;
  readonly #context: ConnectionContext;
  readonly #operations = new Map<string, { end(): void }>();
  #state: State = { kind: 'new' };
  #expiry: NodeJS.Timeout | null = null;
  #isClosing = false;

  constructor(
    socket: WebSocket,
    protocol: Protocol,
    {
      headers,
      endpoint,
      address,
    }: { readonly headers: Headers; readonly endpoint: Endpoint; readonly address: string },
    context: ConnectionContext,
  ) {
    this.#socket = socket;
    this.#protocol = protocol;
    this.#headers = headers;
    this.#endpoint = endpoint;
    this.#address = address;
    this.#inbox = new Inbox(socket, bytes => this.#takeNext(bytes));
    this.#context = context;
    socket.on('message', (data, isBinary) =>
      this.#inbox.receive(isBinary ? Buffer.alloc(0) : (data as Buffer)),
    );
    socket.on('close', () => this.#end());
    // What breaks the protocol of WebSockets is followed by `close`.
    socket.on('error', () => {});
  }

  get isInitialised(): boolean {
    return this.#state.kind === 'ready';
  }

  keepAlive(): void {
    if (this.isInitialised) this.#send(this.#protocol.keepAlive);
  }

  close({ code, reason }: Closing): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#end();
    this.#socket.close(code, reason);
    // Whoever reads nothing does not see that either.
    setTimeout(() => this.#socket.terminate(), cutMs).unref();
  }

  #end(): void {
    this.#isClosing = true;
    if (this.#expiry) clearTimeout(this.#expiry);
    this.#inbox.end();
    for (const operation of this.#operations.values()) operation.end();
    this.#operations.clear();
  }

  /** Reads a message and does what it says; null when that is done. */
  #takeNext(bytes: Buffer): Promise<unknown> | null {
    const reading = startPaced(this.#read(bytes));
    return reading instanceof Promise ? reading.then(message => this.#take(message)) : this.#take(reading);
  }

  /** What is no message is an answer, too. */
  *#read(bytes: Buffer): Generator<void, ClientMessage | MessageError> {
    try {
      yield* this.#assertSize(bytes);
      return yield* parseMessage(bytes);
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      return error;
    }
  }

  #take(message: ClientMessage | MessageError): Promise<unknown> | null {
    if (this.#isClosing) return null;
    if (message instanceof MessageError) {
      const error = message;
      if (this.#protocol.isStrict)
        this.close(
          closing.badRequest(`Parsing client message failed: parsing ClientMessage failed: ${error.message}`),
        );
      else this.#connectionError(`parsing ClientMessage failed: ${error.message}`);
      return null;
    }
    return this.#handle(message);
  }

  /** As much as a body may hold; before it is known who the client is, what a stranger's may. @throws {MessageError} */
  *#assertSize(bytes: Buffer): Generator<void, void> {
    const { limits, auth } = this.#context.config;
    const maxValues =
      this.#state.kind === 'ready'
        ? boundsOf(this.#state.session, limits, auth.unauthorizedRole).maxValues
        : limits.maxVisitorValues;
    try {
      assertSize(yield* measureJson(bytes), maxValues);
    } catch (error) {
      throw error instanceof HasuraError ? new MessageError(error.message, { cause: error }) : error;
    }
  }

  /** Settles when the next message may be taken. */
  #handle(message: ClientMessage): Promise<unknown> | null {
    switch (message.type) {
      case 'init':
        return this.#init(message.headers);
      case 'start':
        return this.#start(message.id, message.request);
      case 'stop':
        this.#operations.get(message.id)?.end();
        this.#operations.delete(message.id);
        return null;
      case 'ping':
        this.#send(
          message.payload === null ? '{"type":"pong"}' : `{"type":"pong","payload":${message.payload}}`,
        );
        return null;
      case 'pong':
        return null;
      case 'terminate':
        this.close({ code: 1000, reason: 'GQL_CONNECTION_TERMINATE received' });
        return null;
    }
  }

  async #init(given: Readonly<Record<string, string>>): Promise<void> {
    if (this.#state.kind === 'refused') return this.#refuse(this.#state.reason);
    // One connection is one user's: the legacy protocol lets it be said again, as long as nothing runs.
    if (this.#state.kind !== 'new') {
      if (this.#protocol.isStrict) this.close(closing.tooManyInits());
      else this.#connectionError('connection_init was received before');
      return;
    }
    this.#state = { kind: 'authenticating' };
    let session: Session;
    try {
      session = await this.#context.authenticate({ ...this.#headers, ...given });
    } catch (error) {
      if (!(error instanceof HasuraError)) this.#context.onFault(error);
      return this.#refuse(error instanceof HasuraError ? error.message : 'internal server error');
    }
    if (this.#isClosing) return;
    this.#state = { kind: 'ready', session };
    this.#endAt(session.expiresAtMs);
    this.#send('{"type":"connection_ack"}');
    this.keepAlive();
  }

  #refuse(reason: string): void {
    this.#state = { kind: 'refused', reason };
    if (this.#protocol.isStrict) {
      this.close(closing.forbidden());
      return;
    }
    this.#connectionError(reason);
    this.close(closing.badRequest(`Connection initialization failed: ${reason}`));
  }

  /** A session does not outlive its token. */
  #endAt(expiresAtMs: number | null): void {
    if (expiresAtMs === null) return;
    const left = expiresAtMs - Date.now();
    this.#expiry = setTimeout(
      () => (left > maxTimerMs ? this.#endAt(expiresAtMs) : this.close(closing.forbidden())),
      Math.max(0, Math.min(left, maxTimerMs)),
    );
    this.#expiry.unref();
  }

  /** Settles when the operation is planned, and runs on. */
  #start(id: string, request: GraphqlRequest): Promise<unknown> | null {
    const { state, refusal } = this.#mayStart(id);
    if (!state) {
      if (refusal) this.#refuseStart(id, refusal);
      return null;
    }
    const { session } = state;
    const aborter = new AbortController();
    this.#operations.set(id, { end: () => aborter.abort() });
    const planned = this.#plan(request, session, aborter.signal);
    const ended = planned
      .then(plan => plan && this.#run(id, request, plan, session, aborter.signal))
      .catch((error: unknown) => {
        if (aborter.signal.aborted) return;
        if (!(error instanceof HasuraError)) this.#context.onFault(error);
        this.#fail(
          id,
          error instanceof HasuraError ? error : new HasuraError('unexpected', 'internal server error'),
          session,
        );
      });
    return planned.then(
      () => undefined,
      () => ended,
    );
  }

  /** Null where nobody waits for it any more. */
  async #plan(
    request: GraphqlRequest,
    session: Session,
    signal: AbortSignal,
  ): Promise<ExecutablePlan | null> {
    const { engine, planning } = this.#context;
    const { kind } = this.#endpoint;
    const plan = await planning.run(this.#holder(session).key, async () =>
      signal.aborted ? null : await engine.plan(request, session, { kind }),
    );
    return signal.aborted ? null : plan;
  }

  #holder(session: Session): Holder {
    return holderOf(session, this.#address, this.#context.config.auth.unauthorizedRole);
  }

  async #run(
    id: string,
    request: GraphqlRequest,
    plan: ExecutablePlan,
    session: Session,
    signal: AbortSignal,
  ): Promise<void> {
    const { engine, subscriptions } = this.#context;
    const { kind } = this.#endpoint;
    if (plan.kind === 'subscription') {
      const live = subscriptions.begin(plan, {
        request,
        session,
        kind,
        holder: this.#holder(session),
        subscriber: {
          onData: parts => this.#sendResult(id, parts),
          onError: (error, isFirst) => {
            if (isFirst) this.#fail(id, error, session);
            else this.#sendResult(id, [graphqlErrors([error], this.#shows(session))]);
          },
        },
      });
      if (live) this.#operations.set(id, live);
      else this.#complete(id);
      return;
    }
    const { body, error } = await engine.execute(request, session, {
      kind,
      signal,
      headers: this.#headers,
    });
    if (signal.aborted) return;
    if (error && !this.#protocol.failsAsResult) return this.#fail(id, error, session);
    this.#sendResult(id, error && !error.answer ? ['{"data":null,', ...withoutBrace(body)] : body);
    this.#complete(id);
  }

  /** Whether an operation may begin, and if not, why. */
  #mayStart(id: string): { readonly state?: State & { readonly kind: 'ready' }; readonly refusal?: string } {
    const { limits } = this.#context;
    if (this.#operations.has(id)) {
      if (!this.#protocol.isStrict) return { refusal: `an operation already exists with this id: ${id}` };
      this.close(closing.notUnique(id));
      return {};
    }
    if (this.#state.kind === 'refused')
      return { refusal: `cannot start as connection_init failed with: ${this.#state.reason}` };
    if (this.#state.kind !== 'ready') {
      if (!this.#protocol.isStrict) return { refusal: 'start received before the connection is initialised' };
      this.close(closing.unauthorized());
      return {};
    }
    if (this.#operations.size >= limits.maxOperations)
      return {
        refusal: `more than ${limits.maxOperations} operations on one connection (PEAKSTONE_GRAPHQL_MAX_OPERATIONS_PER_WEBSOCKET)`,
      };
    return { state: this.#state };
  }

  #refuseStart(id: string, message: string): void {
    const error = new HasuraError('start-failed', message);
    const options = { showInternal: false };
    const payload = this.#protocol.isStrict
      ? this.#protocol.refused([error], options)
      : JSON.stringify({ message, extensions: { path: '$', code: 'start-failed' } });
    this.#send(`{"type":"error","id":${JSON.stringify(id)},"payload":${payload}}`);
    // Not that of the operation whose id it has.
    this.#send(`{"type":"complete","id":${JSON.stringify(id)}}`);
  }

  #fail(id: string, error: HasuraError, session: Session): void {
    const options = this.#shows(session);
    const payload =
      this.#endpoint.errors === 'graphqlStatus'
        ? refusedInV1Alpha1(error, options)
        : this.#protocol.refused([error], options);
    this.#send(`{"type":"error","id":${JSON.stringify(id)},"payload":${payload}}`);
    this.#complete(id);
  }

  #complete(id: string): void {
    this.#operations.get(id)?.end();
    this.#operations.delete(id);
    this.#send(`{"type":"complete","id":${JSON.stringify(id)}}`);
  }

  #shows({ isAdmin }: Session) {
    const { devMode, adminInternalErrors } = this.#context.config;
    return { showInternal: devMode || (adminInternalErrors && isAdmin) };
  }

  #connectionError(reason: string): void {
    this.#send(`{"type":"connection_error","payload":${JSON.stringify(reason)}}`);
  }

  #sendResult(id: string, parts: readonly (Uint8Array | string)[]): void {
    const head = `{"type":"${this.#protocol.result}","id":${JSON.stringify(id)},"payload":`;
    const buffers = [head, ...parts, '}'].map(part => (typeof part === 'string' ? Buffer.from(part) : part));
    this.#send(Buffer.concat(buffers));
  }

  #send(message: string | Buffer): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > this.#context.limits.maxWaitingBytes) {
      this.close(closing.tooSlow());
      return;
    }
    this.#socket.send(message, { binary: false });
  }
}

/** `{"errors":[…]}` from behind its first brace. */
function withoutBrace(body: readonly (Uint8Array | string)[]): (Uint8Array | string)[] {
  return [
    body
      .map(part => Buffer.from(part).toString())
      .join('')
      .slice(1),
  ];
}
