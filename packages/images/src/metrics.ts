/** Prometheus metrics under the reference's names. */

import type { Handler } from '@peakstone/kernel/http';
import { createMetrics, METRICS_CONTENT_TYPE } from '@peakstone/kernel/metrics';
import type { EngineMemory } from './engine/protocol.ts';
import { errorCategories } from './errors.ts';
import type { Event } from './events.ts';

export interface Observed {
  readonly workers: number;
  readonly working: () => number;
  readonly memory: () => EngineMemory;
}

export interface ImagesMetrics {
  readonly observe: (event: Event) => void;
  readonly handler: Handler;
}

const statuses = [200, 206, 304, 400, 401, 403, 404, 410, 416, 422, 429, 499, 500, 502, 503, 504].map(String);
const spans = ['queue', 'downloading_source_image', 'processing_image'];

export function createImagesMetrics(namespace: string, observed: Observed): ImagesMetrics {
  const metrics = createMetrics();
  const named = (name: string): string => (namespace === '' ? name : `${namespace}_${name}`);
  const requests = metrics.counter({
    name: named('requests_total'),
    help: 'A counter of the total number of HTTP requests processed.',
  });
  const codes = metrics.counter({
    name: named('status_codes_total'),
    help: 'A counter of the response status codes.',
    labels: { status: statuses },
  });
  const errors = metrics.counter({
    name: named('errors_total'),
    help: 'A counter of the occurred errors separated by type.',
    labels: { type: errorCategories },
  });
  const duration = metrics.histogram({
    name: named('request_duration_seconds'),
    help: 'A histogram of the response latency.',
  });
  const spanDuration = metrics.histogram({
    name: named('request_span_duration_seconds'),
    help: 'A histogram of the queue latency.',
    labels: { span: spans },
  });
  let requestsInProgress = 0;
  let imagesInProgress = 0;
  const gauge = (name: string, help: string, read: () => number): void =>
    metrics.observedGauge({ name: named(name), help, read });
  gauge('workers', 'A gauge of the number of running workers.', () => observed.workers);
  gauge(
    'workers_utilization',
    'A gauge of the workers utilization in percents.',
    () => (observed.working() / observed.workers) * 100,
  );
  gauge(
    'requests_in_progress',
    'A gauge of the number of requests currently being in progress.',
    () => requestsInProgress,
  );
  gauge(
    'images_in_progress',
    'A gauge of the number of images currently being in progress.',
    () => imagesInProgress,
  );
  gauge(
    'vips_memory_bytes',
    'A gauge of the vips tracked memory usage in bytes.',
    () => observed.memory().used,
  );
  gauge(
    'vips_max_memory_bytes',
    'A gauge of the max vips tracked memory usage in bytes.',
    () => observed.memory().most,
  );
  gauge(
    'vips_allocs',
    'A gauge of the number of active vips allocations.',
    () => observed.memory().allocations,
  );

  return {
    observe(event) {
      switch (event.kind) {
        case 'request':
          requests.add({});
          requestsInProgress++;
          return;
        case 'answer':
          requestsInProgress--;
          codes.add({ status: String(event.status) });
          duration.observe({}, event.durationMs / 1000);
          return;
        case 'error':
          errors.add({ type: event.category });
          return;
        case 'span':
          spanDuration.observe({ span: event.span }, event.durationMs / 1000);
          return;
        case 'images':
          imagesInProgress += event.change;
      }
    },
    handler: ({ path }) =>
      path === '/metrics' || path === '/'
        ? { status: 200, headers: ['Content-Type', METRICS_CONTENT_TYPE], body: metrics.expose() }
        : { status: 404, headers: ['Content-Type', 'text/plain'], body: 'Not found\n' },
  };
}
