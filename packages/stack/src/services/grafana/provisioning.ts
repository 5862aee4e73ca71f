/** Grafana's provisioning files: the log store as data source, and a starter dashboard. */

/** @see https://grafana.com/docs/grafana/latest/administration/provisioning/#data-sources */
export function grafanaDataSource(logsOrigin: string): string {
  return `apiVersion: 1
datasources:
  - name: Loki
    uid: loki
    type: loki
    access: proxy
    url: ${logsOrigin}
    isDefault: true
    editable: false
    jsonData:
      maxLines: 1000
`;
}

export const grafanaDashboardProvider = `apiVersion: 1
providers:
  - name: stack
    folder: Logging
    type: file
    allowUiUpdates: true
    options:
      path: /etc/grafana/provisioning/dashboards/json
`;

interface Panel {
  readonly title: string;
  readonly type: 'timeseries' | 'logs';
  readonly expr: string;
  /** Of 24 columns. */
  readonly width: number;
}

const panels: readonly Panel[] = [
  {
    title: 'Errors a second, by service',
    type: 'timeseries',
    width: 12,
    expr: 'sum by (service) (rate({service=~"$service"} |~ "(?i)error|fatal|panic" [5m]))',
  },
  {
    title: 'Lines a second, by service',
    type: 'timeseries',
    width: 12,
    expr: 'topk(10, sum by (service) (rate({service=~"$service"} [5m])))',
  },
  {
    title: 'Latest errors',
    type: 'logs',
    width: 24,
    expr: '{service=~"$service"} |~ "(?i)error|fatal|panic"',
  },
  {
    title: 'PostgreSQL: errors a second, by severity',
    type: 'timeseries',
    width: 12,
    expr: 'sum by (severity) (rate({service="postgres", severity=~"ERROR|FATAL|PANIC"} [5m]))',
  },
  {
    title: 'PostgreSQL: failed sign-ins a second, by role',
    type: 'timeseries',
    width: 12,
    expr: 'sum by (dbuser) (rate({service="postgres", component="auth", outcome="failed"} [5m]))',
  },
  {
    title: 'Scheduled jobs (pg_cron)',
    type: 'logs',
    width: 12,
    expr: '{service="postgres", component="pg_cron"}',
  },
  {
    title: 'Object storage',
    type: 'logs',
    width: 12,
    expr: '{service="storage"}',
  },
];

/** The starter dashboard, as Grafana's JSON model. */
export function grafanaDashboard(): string {
  let x = 0;
  let y = 0;
  const placed = panels.map((panel, index) => {
    if (x + panel.width > 24) {
      x = 0;
      y += 8;
    }
    const gridPos = { h: 8, w: panel.width, x, y };
    x += panel.width;
    const datasource = { type: 'loki', uid: 'loki' };
    return {
      id: index + 1,
      title: panel.title,
      type: panel.type,
      datasource,
      gridPos,
      targets: [{ refId: 'A', datasource, expr: panel.expr }],
    };
  });
  const service = {
    name: 'service',
    type: 'query',
    datasource: { type: 'loki', uid: 'loki' },
    query: { type: 1, label: 'service', stream: '', refId: 'service' },
    includeAll: true,
    multi: true,
    allValue: '.+',
    current: { text: 'All', value: '$__all' },
    refresh: 2,
  };
  return `${JSON.stringify(
    {
      uid: 'stack-logs',
      title: 'Stack logs',
      tags: ['logging'],
      schemaVersion: 39,
      version: 1,
      refresh: '30s',
      time: { from: 'now-6h', to: 'now' },
      templating: { list: [service] },
      panels: placed,
    },
    null,
    2,
  )}\n`;
}
