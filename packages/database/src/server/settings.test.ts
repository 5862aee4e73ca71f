import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planSettings, renderSettings, type SettingsOptions } from './settings.ts';

const GB = 1024 ** 3;
const options: SettingsOptions = {
  machine: { memoryBytes: 4 * GB, cpus: 2 },
  listenAddresses: '127.0.0.1',
  port: 5432,
  socketDir: '/run/pg',
  database: 'app',
  preload: [],
  maxConnections: 100,
  durable: true,
  timezone: 'UTC',
};

describe('server settings', () => {
  it('fit a machine of 4 GB that runs the rest of the stack too', () => {
    const settings = planSettings(options);
    assert.equal(settings.get('shared_buffers'), '512MB');
    assert.equal(settings.get('work_mem'), '5MB');
    assert.equal(settings.get('effective_cache_size'), '2048MB');
    assert.equal(settings.get('wal_level'), 'logical');
    assert.equal(settings.has('fsync'), false);
  });

  it('stay within bounds on the smallest and the largest machine', () => {
    const small = planSettings({ ...options, machine: { memoryBytes: GB / 4, cpus: 1 } });
    assert.equal(small.get('shared_buffers'), '64MB');
    assert.equal(small.get('work_mem'), '4MB');
    assert.equal(small.get('max_parallel_workers_per_gather'), '0');
    const large = planSettings({ ...options, machine: { memoryBytes: 512 * GB, cpus: 64 } });
    assert.equal(large.get('shared_buffers'), '1024MB');
    assert.equal(large.get('work_mem'), '64MB');
  });

  it('configure only libraries that are loaded', () => {
    assert.equal(planSettings(options).has('cron.database_name'), false);
    const loaded = planSettings({ ...options, preload: ['pgaudit', 'pg_cron'] });
    assert.equal(loaded.get('shared_preload_libraries'), 'pgaudit,pg_cron');
    assert.equal(loaded.get('cron.database_name'), 'app');
    assert.equal(loaded.get('pgaudit.log'), 'ddl');
  });

  it("let the user's own file win, but not over where the server listens", () => {
    const text = renderSettings(planSettings({ ...options, socketDir: "/it's" }), '/data');
    const lines = text.split('\n');
    const include = lines.indexOf("include_if_exists = 'postgresql.conf'");
    assert.ok(lines.findIndex(line => line.startsWith('shared_buffers')) < include);
    assert.ok(lines.indexOf("port = '5432'") > include);
    assert.ok(lines.indexOf("unix_socket_directories = '/it''s'") > include);
  });
});
