/** Steps over WebSockets, in either protocol: what is sent, and what has come. */
import type { Step } from './cases.ts';

type Event = Readonly<Record<string, unknown>>;

/** The longest that an event is waited for, on a slow machine, too. */
const eventTimeoutMs = 20_000;

class EventQueue {
  readonly #events: Event[] = [];
  readonly #waiting: ((event: Event | null) => void)[] = [];

  push(event: Event): void {
    const waiter = this.#waiting.shift();
    if (waiter) waiter(event);
    else this.#events.push(event);
  }

  /** Null when none has come in time. */
  async next(timeoutMs: number): Promise<Event | null> {
    const event = this.#events.shift();
    if (event) return event;
    const arrival = Promise.withResolvers<Event | null>();
    this.#waiting.push(arrival.resolve);
    const timer = setTimeout(() => {
      const at = this.#waiting.indexOf(arrival.resolve);
      if (at >= 0) this.#waiting.splice(at, 1);
      arrival.resolve(null);
    }, timeoutMs);
    const found = await arrival.promise;
    clearTimeout(timer);
    return found;
  }
}

/** One client of the cases, which outlives its steps. */
export class SocketClient {
  readonly #url: string;
  readonly #isTransport: boolean;
  readonly #adminSecret: string | null;
  #socket: WebSocket | null = null;
  #opened: Promise<void> = Promise.resolve();
  #general = new EventQueue();
  #byId = new Map<string, EventQueue>();
  #isInitialised = false;
  #made = 0;

  constructor(url: string, client: string, adminSecret: string | null) {
    this.#url = url;
    this.#isTransport = client === 'graphql-transport-ws';
    this.#adminSecret = adminSecret;
  }

  close(): void {
    this.#socket?.close();
  }

  /** What came, for the step's expectations; null for a step that only sends. @throws for what did not come */
  async run(step: Step): Promise<Readonly<Record<string, unknown>> | null> {
    switch (step.ws) {
      case 'connect':
        await this.#connect();
        return null;
      case 'init':
        await this.#init(step.headers ?? {});
        return null;
      case 'send':
        await this.#send(this.#withSecret(step.frame as Event));
        return null;
      case 'stop':
        await this.#send({ id: step.id, type: this.#isTransport ? 'complete' : 'stop' });
        return null;
      case 'event':
        return await this.#event(step);
      case 'query':
        return await this.#query(step);
      default:
        throw new Error(`a step of WebSockets that is not known: ${String(step.ws)}`);
    }
  }

  /** The recording leaves the secret out of a payload without headers of its own. */
  #withSecret(frame: Event): Event {
    if (frame.type !== 'connection_init' || this.#adminSecret === null) return frame;
    const payload = (frame.payload ?? {}) as { readonly headers?: Event };
    return payload.headers === undefined
      ? { ...frame, payload: { ...payload, headers: { 'x-hasura-admin-secret': this.#adminSecret } } }
      : frame;
  }

  async #connect(): Promise<void> {
    this.#socket?.close();
    const socket = new WebSocket(this.#url, this.#isTransport ? ['graphql-transport-ws'] : []);
    this.#socket = socket;
    this.#general = new EventQueue();
    this.#byId = new Map();
    this.#isInitialised = false;
    socket.addEventListener('message', ({ data }) => this.#onMessage(JSON.parse(String(data)) as Event));
    this.#opened = new Promise((resolve, reject) => {
      socket.addEventListener('open', () => resolve(), { once: true });
      socket.addEventListener('error', () => reject(new Error('the WebSocket was refused')), { once: true });
    });
    await this.#opened;
  }

  #onMessage(event: Event): void {
    if (event.type === 'ping') {
      this.#socket?.send('{"type":"pong"}');
      return;
    }
    if (event.type === 'ka') return;
    if (typeof event.id === 'string') this.#queue(event.id).push(event);
    if (typeof event.id !== 'string' || this.#isTransport) this.#general.push(event);
  }

  #queue(id: string): EventQueue {
    let queue = this.#byId.get(id);
    if (!queue) {
      queue = new EventQueue();
      this.#byId.set(id, queue);
    }
    return queue;
  }

  async #send(frame: Event): Promise<void> {
    if (this.#socket?.readyState === WebSocket.CLOSED) await this.#init({});
    await this.#opened;
    if ((frame.type === 'start' || frame.type === 'subscribe') && typeof frame.id === 'string')
      this.#byId.set(frame.id, new EventQueue());
    this.#socket!.send(JSON.stringify(frame));
  }

  async #init(headers: Readonly<Record<string, string>>): Promise<void> {
    await this.#connect();
    const secret = this.#adminSecret === null ? {} : { 'x-hasura-admin-secret': this.#adminSecret };
    this.#socket!.send(
      JSON.stringify({ type: 'connection_init', payload: { headers: { ...secret, ...headers } } }),
    );
    const event = await this.#general.next(eventTimeoutMs);
    if (event?.type !== 'connection_ack')
      throw new Error(`connection_ack expected, ${JSON.stringify(event)} given`);
    this.#isInitialised = true;
  }

  async #event({ id, expect, timeout }: Step): Promise<Readonly<Record<string, unknown>> | null> {
    // Without expectations the original looks whether anything comes, which may be nothing.
    const isExpected = expect !== undefined;
    const waitMs = isExpected ? eventTimeoutMs : Math.min(1000 * Number(timeout ?? 1), 500);
    const event = await (id === undefined ? this.#general : this.#queue(id)).next(waitMs);
    if (event === null && isExpected) throw new Error('an event expected, none came');
    return { event };
  }

  async #query({ query, id: given, expect = [] }: Step): Promise<Readonly<Record<string, unknown>>> {
    if (!this.#isInitialised && this.#socket === null) await this.#init({});
    const id = given ?? `query_${++this.#made}`;
    await this.#send({ id, type: this.#isTransport ? 'subscribe' : 'start', payload: query });
    return this.#eventsOf(id, expect);
  }

  /** Events are awaited when an expectation looks at them: those of a live query come after the steps that follow. */
  #eventsOf(id: string, expect: NonNullable<Step['expect']>): Readonly<Record<string, unknown>> {
    const last = Math.max(
      -1,
      ...expect.map(({ path }) => Number(/^event(\d+)$/.exec(path[0] ?? '')?.[1] ?? -1)),
    );
    const queue = this.#queue(id);
    const events = (async () => {
      const found: Record<string, unknown> = {};
      for (let i = 0; i <= last; i++) found[`event${i}`] = await queue.next(eventTimeoutMs);
      return found;
    })();
    return { id, events, isLive: last > 0 };
  }
}
