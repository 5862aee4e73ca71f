/**
 * A load of one kind, until SIGTERM: says `under way`, and at the end how many of its requests were answered well. As a
 * program: `node neighbour.ts KIND`, with addresses and secrets in the environment.
 */
import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { Worker } from 'node:worker_threads';
import { imgUrl } from '@peakstone/images/url';
import { sign } from '@peakstone/kernel/sigv4';
import sharp from 'sharp';

const { STORAGE = '', IMAGES = '', GRAPHQL = '', KEY = '' } = process.env;
const bucket = 'uploads';
const body = randomBytes(1024 * 1024);
const agent = new Agent({ keepAlive: true });
let running = true;
let well = 0;

process.on('SIGTERM', () => {
  running = false;
  process.stdout.write(`${well}\n`, () => process.exit());
});

const kinds: Readonly<Record<string, () => Promise<void>>> = { cores, objects, pictures, queries };
await kinds[process.argv[2] ?? '']!();

async function cores(): Promise<void> {
  for (let n = 0; n < 2; n++) new Worker('for (;;);', { eval: true });
  process.stdout.write('under way\n');
}

async function objects(): Promise<void> {
  await clients(256, async n => (await put(`neighbour-${n}`, body)) === 200);
}

async function pictures(): Promise<void> {
  const [width, height] = [4000, 3000];
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 40 };
  const picture = await sharp({ create: { width, height, channels: 3, background: '#888', noise } })
    .jpeg()
    .toBuffer();
  if ((await put('neighbour.jpg', picture)) !== 200) throw new Error('The picture was not taken');
  let drawn = 0;
  await clients(8, async () => {
    // Each of another size, so that none is answered from what was drawn.
    const url = imgUrl(
      `s3://${bucket}/neighbour.jpg`,
      { width: 300 + (drawn++ % 400), cachebuster: String(drawn) },
      { baseUrl: IMAGES, key: process.env.IMGPROXY_KEY_HEX!, salt: process.env.IMGPROXY_SALT_HEX! },
    );
    return (await ask('GET', new URL(url), {})) === 200;
  });
}

async function queries(): Promise<void> {
  const query = Buffer.from(JSON.stringify({ query: '{ item(limit: 100) { id name } }' }));
  const headers = { apikey: KEY, 'content-type': 'application/json' };
  await clients(32, async () => (await ask('POST', new URL(GRAPHQL), headers, query)) === 200);
}

async function clients(count: number, once: (client: number) => Promise<boolean>): Promise<void> {
  if (!(await once(0))) throw new Error(`The load of ${process.argv[2]} is not answered`);
  process.stdout.write('under way\n');
  await Promise.all(
    Array.from({ length: count }, async (_, client) => {
      while (running) if (await once(client)) well++;
    }),
  );
}

function put(key: string, bytes: Buffer): Promise<number> {
  const url = new URL(`${STORAGE}/${bucket}/${key}`);
  const digest = 'UNSIGNED-PAYLOAD';
  const signer = { region: 'us-east-1', accessKey: 'psappaccess', secretKey: process.env.S3_APP_SECRET_KEY! };
  const headers = { 'x-amz-content-sha256': digest };
  return ask('PUT', url, sign(signer, 'PUT', url, headers, digest, new Date()), bytes);
}

function ask(
  method: string,
  url: URL,
  headers: Readonly<Record<string, string>>,
  bytes?: Buffer,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, agent, headers }, response => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    asked.on('error', error => (running ? reject(error) : resolve(0)));
    asked.end(bytes);
  });
}
