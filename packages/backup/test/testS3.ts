/**
 * A server of S3's protocol in this process. What it checks of a signature is that it fits the request that has come, by the
 * product's own `sign`, which the kernel's sigv4.test.ts holds to the specification's examples.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sign } from '@peakstone/kernel/sigv4';

export const credentials = { region: 'eu-west-1', accessKey: 'AKIDTEST', secretKey: 'secret/of+the test' };

/** Buckets in memory, two objects a page; answers as S3 does, and says no to what is signed wrongly. */
export class TestS3 {
  readonly objects = new Map<string, Buffer>();
  /** Statuses that the next requests get, whatever they ask. */
  readonly trouble: number[] = [];
  requests = 0;
  #server: Server | undefined;

  async start(): Promise<string> {
    this.#server = createServer((request, response) => {
      this.#answer(request).then(({ status, body = '' }) => {
        response.writeHead(status).end(body);
      });
    });
    await new Promise<void>(resolve => this.#server!.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server!.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  async #answer(request: IncomingMessage): Promise<{ status: number; body?: string | Buffer }> {
    this.requests++;
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces);
    const no = (status: number, code: string) => ({
      status,
      body: `<Error><Code>${code}</Code><Message>No &amp; never.</Message></Error>`,
    });
    const status = this.trouble.shift();
    if (status !== undefined) {
      // As a server that did it, and whose answer was lost.
      if (status === 599) await this.#do(request, body);
      return no(status === 599 ? 500 : status, 'InternalError');
    }
    if (!this.#isSigned(request, body)) return no(403, 'SignatureDoesNotMatch');
    return await this.#do(request, body);
  }

  #isSigned(request: IncomingMessage, body: Buffer): boolean {
    const digest = createHash('sha256').update(body).digest('hex');
    if (request.headers['x-amz-content-sha256'] !== digest) return false;
    const given = String(request.headers.authorization);
    const names = /SignedHeaders=([^,]+)/
      .exec(given)![1]!
      .split(';')
      .filter(name => !['host', 'x-amz-date'].includes(name));
    const headers = Object.fromEntries(names.map(name => [name, String(request.headers[name])]));
    const date = String(request.headers['x-amz-date']).replace(
      /^(....)(..)(..T..)(..)(..Z)$/,
      '$1-$2-$3:$4:$5',
    );
    const url = new URL(request.url!, `http://${request.headers.host}`);
    return sign(credentials, request.method!, url, headers, digest, new Date(date)).authorization === given;
  }

  async #do(request: IncomingMessage, body: Buffer): Promise<{ status: number; body?: string | Buffer }> {
    const url = new URL(request.url!, 'http://x');
    const [, bucket, ...rest] = url.pathname.split('/');
    const key = rest.join('/');
    const missing = (code: string) => ({ status: 404, body: `<Error><Code>${code}</Code></Error>` });
    if (bucket !== 'bucket') return missing('NoSuchBucket');
    if (key === '') return { status: 200, body: this.#list(url.searchParams) };
    const found = this.objects.get(key);
    switch (request.method) {
      case 'PUT':
        if (request.headers['if-none-match'] === '*' && found) return { status: 412 };
        this.objects.set(key, body);
        return { status: 200 };
      case 'GET':
        return found ? { status: 200, body: found } : missing('NoSuchKey');
      default:
        this.objects.delete(key);
        return { status: 204 };
    }
  }

  #list(query: URLSearchParams): string {
    const prefix = query.get('prefix') ?? '';
    const from = query.get('continuation-token') ?? '';
    const keys = [...this.objects.keys()].filter(key => key.startsWith(prefix)).sort();
    if (query.get('delimiter')) {
      const folders = new Set(
        keys
          .filter(key => key.slice(prefix.length).includes('/'))
          .map(key => `${prefix}${key.slice(prefix.length).split('/')[0]}/`),
      );
      return [...folders].map(each => `<CommonPrefixes><Prefix>${each}</Prefix></CommonPrefixes>`).join('');
    }
    const page = keys.filter(key => key > from).slice(0, 2);
    const more = keys.some(key => key > (page.at(-1) ?? '\uffff'));
    return [
      `<IsTruncated>${more}</IsTruncated>`,
      ...(more ? [`<NextContinuationToken>${page.at(-1)}</NextContinuationToken>`] : []),
      ...page.map(
        key => `<Contents><Key>${key}</Key><Size>${this.objects.get(key)!.length}</Size></Contents>`,
      ),
    ].join('');
  }
}
