import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GraphqlServer, startGraphql } from '../support/server.ts';
import { startWebhook, type Webhook } from '../support/webhook.ts';

describe('scheduled events', () => {
  let server: GraphqlServer;
  let webhook: Webhook;
  before(async () => {
    webhook = await startWebhook();
    server = await startGraphql({}, { HOOK: webhook.url });
  });
  after(async () => {
    await server.stop();
    await webhook.stop();
  });
  const sql = (text: string) => server.database.pool.query(text);
  const until = async (holds: () => Promise<boolean>): Promise<void> => {
    while (!(await holds())) await sleep(20);
  };

  it('are delivered once their time has come, and tried again as they say', async () => {
    const answers = [{ status: 500 }];
    webhook.answer(() => answers.shift() ?? {});
    const { event_id: id } = (await server.metadata('create_scheduled_event', {
      webhook: '{{HOOK}}/once',
      schedule_at: new Date().toISOString(),
      payload: { any: 'thing' },
      headers: [{ name: 'x-key', value: 'value' }],
      retry_conf: { num_retries: 1, retry_interval_seconds: 0 },
      comment: 'said',
    })) as { readonly event_id: string };
    for (let i = 0; i < 2; i++) {
      const { path, headers, body } = await webhook.next();
      assert.deepEqual([path, headers['x-key']], ['/once', 'value']);
      assert.deepEqual([body.id, body.payload, body.comment], [id, { any: 'thing' }, 'said']);
    }
    await until(async () => {
      const { events } = (await server.metadata('get_scheduled_events', { type: 'one_off' })) as {
        readonly events: readonly { readonly status: string }[];
      };
      return events[0]!.status === 'delivered';
    });
    const { count } = (await server.metadata('get_scheduled_event_invocations', {
      type: 'one_off',
      event_id: id,
      get_rows_count: true,
    })) as { readonly count: number };
    assert.equal(count, 2);
  });

  it('that are too late are dead, and nobody is told', async () => {
    await server.metadata('create_scheduled_event', {
      webhook: '{{HOOK}}/late',
      schedule_at: '2020-01-01T00:00:00Z',
    });
    await until(async () => {
      const { rows } = await sql(
        "select status from hdb_catalog.hdb_scheduled_events where scheduled_time < '2021-01-01'",
      );
      return rows[0]![0]!.toString() === 'dead';
    });
    assert.ok(!webhook.received.some(({ path }) => path === '/late'));
  });

  it('of cron triggers are made ahead, and gone with the trigger', async () => {
    await server.metadata('create_cron_trigger', {
      name: 'monthly',
      webhook: '{{HOOK}}/cron',
      schedule: '0 0 1 * *',
      payload: { cron: true },
      include_in_metadata: true,
    });
    const count = async (): Promise<number> => {
      const { rows } = await sql(
        "select count(*) from hdb_catalog.hdb_cron_events where status = 'scheduled'",
      );
      return Number(rows[0]![0]!.toString());
    };
    await until(async () => (await count()) === 100);
    await sql(`update hdb_catalog.hdb_cron_events set scheduled_time = now()
      where id = (select id from hdb_catalog.hdb_cron_events order by scheduled_time limit 1)`);
    const { path, body } = await webhook.next();
    assert.deepEqual([path, body.name, body.payload], ['/cron', 'monthly', { cron: true }]);
    await server.metadata('delete_cron_trigger', { name: 'monthly' });
    assert.equal(await count(), 0);
  });

  it('are refused for what is no schedule', async () => {
    const { status, body } = await server.post('/v1/metadata', {
      type: 'create_cron_trigger',
      args: { name: 'wrong', webhook: 'x', schedule: 'now and then', include_in_metadata: true },
    });
    assert.equal(status, 400);
    assert.match((body as { error: string }).error, /invalid cron expression/);
  });
});
