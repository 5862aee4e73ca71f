/** Sends the steps of cases to a server and collects what differs. */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import type { Case, HeaderValue, Step, TokenSpec } from './cases.ts';
import { differences, type Received } from './match.ts';

export interface Outcome {
  readonly case: Case;
  /** Empty when the case passes. */
  readonly failures: readonly string[];
}

export interface RunOptions {
  readonly baseUrl: string;
  readonly fixtures: string;
}

/** One after another, in order: cases commit, and later ones see what earlier ones left behind. */
export async function runCases(cases: readonly Case[], options: RunOptions): Promise<Outcome[]> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const outcomes: Outcome[] = [];
  for (const each of cases) outcomes.push({ case: each, failures: await runCase(each, options, agent) });
  agent.destroy();
  return outcomes;
}

async function runCase(each: Case, options: RunOptions, agent: http.Agent): Promise<string[]> {
  const times = each.concurrent ?? 1;
  const all = await Promise.all(Array.from({ length: times }, () => runSteps(each, options, agent)));
  return [...new Set(all.flat())];
}

async function runSteps({ steps }: Case, options: RunOptions, agent: http.Agent): Promise<string[]> {
  const failures: string[] = [];
  const received: Received[] = [];
  for (const [i, step] of steps.entries()) {
    const target = targetOf(step, received);
    try {
      const response = await send(step, target, options, agent);
      received.push(response);
      const context = { method: step.method, fixtures: options.fixtures };
      for (const each of differences(response, step.expect, context)) {
        failures.push(`step ${i} ${step.method} ${target}: ${each}`);
      }
    } catch (error) {
      failures.push(`step ${i} ${step.method} ${target}: ${(error as Error).message}`);
      received.push({ status: 0, headers: [], body: Buffer.alloc(0) });
    }
  }
  return failures;
}

function targetOf({ path: target }: Step, received: readonly Received[]): string {
  const from = typeof target === 'string' ? target : headerOf(received[target.fromStep], target.header);
  // Recorded in a process, where a path needs no leading slash.
  const rooted = from.startsWith('/') ? from : `/${from}`;
  // What is no visible ASCII goes percent-encoded; the rest exactly as recorded.
  return Buffer.from(rooted, 'utf8')
    .toString('latin1')
    .replace(/[^\x21-\x7e]/g, byte => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

function headerOf(received: Received | undefined, name: string): string {
  return received?.headers.find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1] ?? '/';
}

function send(step: Step, target: string, options: RunOptions, agent: http.Agent): Promise<Received> {
  const url = new URL(options.baseUrl);
  const body =
    step.bodyFile === undefined
      ? Buffer.from(step.body ?? '')
      : readFileSync(path.join(options.fixtures, step.bodyFile));
  const headers: string[] = [];
  for (const [name, value] of step.headers)
    headers.push(name, Buffer.from(renderHeader(value)).toString('latin1'));
  const has = (name: string): boolean => step.headers.some(([each]) => each.toLowerCase() === name);
  if (!has('host')) headers.push('Host', url.host);
  const sendsLength = body.length > 0 || ['POST', 'PUT', 'PATCH'].includes(step.method);
  if (sendsLength && !has('content-length')) headers.push('Content-Length', String(body.length));
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host: url.hostname,
        port: url.port,
        method: step.method,
        path: target,
        headers,
        agent,
        timeout: 30_000,
      },
      response => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const pairs: [string, string][] = [];
          const raw = response.rawHeaders;
          for (let i = 0; i + 1 < raw.length; i += 2) pairs.push([raw[i] ?? '', raw[i + 1] ?? '']);
          resolve({ status: response.statusCode ?? 0, headers: pairs, body: Buffer.concat(chunks) });
        });
      },
    );
    request.on('timeout', () => request.destroy(new Error('no answer within 30 s')));
    request.on('error', reject);
    request.end(body);
  });
}

function renderHeader(value: HeaderValue): string {
  return typeof value === 'string' ? value : value.template.replaceAll('{{jwt}}', signToken(value.jwt));
}

function signToken({ secret, claims }: TokenSpec): string {
  const now = Math.floor(Date.now() / 1000);
  const filled = Object.fromEntries(
    Object.entries(claims).map(([name, value]) => {
      const offset = (value as { $nowPlusSeconds?: number } | null)?.$nowPlusSeconds;
      return [name, offset === undefined ? value : now + offset];
    }),
  );
  const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(filled)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
