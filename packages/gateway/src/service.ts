import type { AddressInfo } from 'node:net';
import { type HttpServer, type Listener, serveHttp } from '@peakstone/kernel/http';
import type { Env, HttpService, Service } from '@peakstone/kernel/service';
import { type GatewayConfig, readGatewayConfig } from './config.ts';
import { createGateway, type GatewayDeps } from './gateway.ts';
import { checkListener } from './selfCheck.ts';

/** A started gateway. */
export interface GatewayService extends HttpService {
  /** `http://host:port`. */
  readonly url: string;
  readonly port: number;
}

export interface GatewayServiceDeps extends GatewayDeps {
  /** A port that is bound already, in place of the settings' address. */
  readonly listener?: Listener | undefined;
}

/** The gateway as a service of the stack. */
export const gateway = {
  name: 'gateway',
  config: (env: Env): GatewayConfig => readGatewayConfig(env),
  async start(config: GatewayConfig, deps: GatewayServiceDeps, signal: AbortSignal): Promise<GatewayService> {
    signal.throwIfAborted();
    const { handler, onUpgrade, close, metrics } = createGateway(config, deps);
    let server: HttpServer;
    try {
      server = await serveHttp(handler, {
        host: config.host,
        port: config.port,
        listener: deps.listener,
        // Each route has its own limit; here only the largest of them counts.
        maxBodyBytes: Math.max(config.maxBodyBytes, ...deps.routes.map(route => route.maxBodyBytes ?? 0)),
        // Filters with thousands of ids in the URL are ordinary requests to the REST API.
        maxHeaderBytes: 128 * 1024,
        ...(config.maxBodiesBytes !== null && { maxBodiesBytes: config.maxBodiesBytes }),
        requestTimeoutMs: config.requestTimeoutMs,
        trustedProxies: config.trustedProxies,
        onUpgrade,
        onError: error => deps.log?.error('request failed', { error }),
      });
    } catch (error) {
      close();
      throw error;
    }
    metrics.observedGauge({
      name: 'peakstone_gateway_connections',
      help: 'Open client connections.',
      read: () => server.connections,
    });
    let stopping: Promise<void> | null = null;
    const stop = () => {
      stopping ??= server.close(config.drainMs).finally(close);
      return stopping;
    };
    if (signal.aborted) {
      await stop();
      signal.throwIfAborted();
    }
    return {
      handler,
      url: server.url,
      port: server.port,
      health: async () =>
        stopping === null
          ? await checkListener(server.address as AddressInfo)
          : { ok: false, reason: 'stopping' },
      stop,
    };
  },
} satisfies Service<GatewayConfig, GatewayServiceDeps>;
