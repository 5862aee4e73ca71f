import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMetrics } from './index.ts';

describe('metrics', () => {
  it('are exposed as Prometheus text', () => {
    const metrics = createMetrics();
    metrics.counter({ name: 'starts_total', help: 'Starts.\nOf \\ it.' }).add({});
    const requests = metrics.counter({
      name: 'requests_total',
      help: 'Requests.',
      labels: { method: ['GET'], route: ['/a"b\\'] },
    });
    requests.add({ method: 'GET', route: '/a"b\\' }, 2);
    requests.add({ method: 'GET', route: '/a"b\\' });
    const pool = metrics.gauge({ name: 'pool', help: 'Pool.' });
    pool.set({}, 5);
    pool.add({}, -2);
    metrics.observedGauge({ name: 'up', help: 'Up.', read: () => 1 });
    const seconds = metrics.histogram({ name: 'seconds', help: 'S.', buckets: [0.1, 1] });
    for (const value of [0.05, 0.1, 0.5, 7]) seconds.observe({}, value);
    assert.equal(
      metrics.expose(),
      `# HELP starts_total Starts.\\nOf \\\\ it.
# TYPE starts_total counter
starts_total 1
# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{method="GET",route="/a\\"b\\\\"} 3
# HELP pool Pool.
# TYPE pool gauge
pool 3
# HELP up Up.
# TYPE up gauge
up 1
# HELP seconds S.
# TYPE seconds histogram
seconds_bucket{le="0.1"} 2
seconds_bucket{le="1"} 3
seconds_bucket{le="+Inf"} 4
seconds_sum 7.65
seconds_count 4
`,
    );
  });

  it('count undeclared label values as other, so that clients can not make series', () => {
    const metrics = createMetrics();
    const requests = metrics.counter({ name: 'r_total', help: 'R.', labels: { method: ['GET'] } });
    for (let i = 0; i < 1000; i++) requests.add({ method: `EVIL${i}` });
    assert.match(metrics.expose(), /^r_total\{method="other"\} 1000$/m);
  });

  it('refuse names that Prometheus refuses, the same name twice and too many series', () => {
    const metrics = createMetrics();
    assert.throws(() => metrics.counter({ name: 'a-b', help: '' }));
    assert.throws(() => metrics.counter({ name: 'a', help: '', labels: { 'x-y': [] } }));
    assert.throws(() => metrics.histogram({ name: 'b', help: '', labels: { le: [] } }));
    metrics.counter({ name: 'c', help: '' });
    assert.throws(() => metrics.gauge({ name: 'c', help: '' }));
    const many = Array.from({ length: 200 }, (_, i) => String(i));
    assert.throws(() => metrics.counter({ name: 'd', help: '', labels: { x: many, y: many } }));
  });

  it('never let a counter fall', () => {
    const metrics = createMetrics();
    const counter = metrics.counter({ name: 'n_total', help: '' });
    counter.add({}, 5);
    counter.add({}, -3);
    assert.match(metrics.expose(), /^n_total 5$/m);
  });
});
