import { type Handler, serveHttp, textResponse } from '@peakstone/kernel/http';
import type { Running } from '@peakstone/kernel/service';

export async function startGateway(
  options: { host: string; port: number; paths: Record<string, Handler>; log: { write(text: string): void } },
  _signal: AbortSignal,
): Promise<Running> {
  const server = await serveHttp(
    request => {
      if (request.path === '/healthz') return textResponse(200, 'ok');
      for (const [prefix, handler] of Object.entries(options.paths)) {
        if (request.path === prefix || request.path.startsWith(`${prefix}/`)) {
          const target = request.target.slice(prefix.length) || '/';
          return handler(Object.create(request, { target: { value: target }, path: { value: target.split('?')[0] } }));
        }
      }
      return textResponse(404, 'not found');
    },
    { host: options.host, port: options.port },
  );
  return { health: async () => ({ ok: true }), stop: () => server.close() };
}
