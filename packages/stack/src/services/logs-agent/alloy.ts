/**
 * Alloy over Docker's logs: containers labelled `logging=alloy` (or `promtail`), the stack's pipelines, pushed to the log store.
 * @see https://grafana.com/docs/alloy/latest/reference/components/loki/loki.process/
 * Where to is in the environment: LOKI_PUSH_URL, such as `http://peakstone-logs:3100/loki/api/v1/push`.
 */
export const alloyConfig = `logging {
  level  = "warn"
  format = "logfmt"
}

discovery.docker "local" {
  host             = "unix:///var/run/docker.sock"
  refresh_interval = "10s"
}

discovery.relabel "opted_in" {
  targets = discovery.docker.local.targets

  rule {
    action        = "keep"
    source_labels = ["__meta_docker_container_label_logging"]
    regex         = "alloy|promtail"
  }
  rule {
    source_labels = ["__meta_docker_container_name"]
    target_label  = "container"
    regex         = "/(.*)"
    replacement   = "$1"
  }
${['service', 'env', 'org'].map(relabel).join('')}  rule {
    source_labels = ["__meta_docker_container_log_stream"]
    target_label  = "stream"
  }
}

loki.source.docker "containers" {
  host             = "unix:///var/run/docker.sock"
  targets          = discovery.relabel.opted_in.output
  relabel_rules    = discovery.relabel.opted_in.rules
  refresh_interval = "10s"
  forward_to       = [loki.process.stack.receiver]
}

loki.process "stack" {
  // Object storage: health checks and successes are noise; the rest is found by status.
  stage.match {
    selector = "{service=\\"storage\\"}"
    stage.drop {
      expression          = "/minio/health|/metrics|/favicon\\\\.ico"
      drop_counter_reason = "storage_noise"
    }
    stage.drop {
      expression          = "HTTP/[0-9.]+\\" [23]\\\\d\\\\d"
      drop_counter_reason = "storage_success"
    }
    stage.regex {
      expression = "HTTP/\\\\S+\\" (?P<status>\\\\d{3})"
    }
    stage.labels {
      values = { status = "" }
    }
  }

  // PostgreSQL's log_line_prefix: who, where, and how bad. Names of applications may hold spaces.
  stage.match {
    selector = "{service=\\"postgres\\"}"
    stage.regex {
      expression = "user=(?P<dbuser>\\\\S+) db=(?P<database>\\\\S+) app=(?P<app>.*?) client=(?P<client>\\\\S+)"
    }
    stage.regex {
      expression = " (?P<severity>LOG|ERROR|WARNING|FATAL|PANIC|NOTICE|INFO|DEBUG\\\\d?): "
    }
    stage.labels {
      values = { dbuser = "", database = "", app = "", client = "", severity = "" }
    }
  }
  stage.match {
    selector = "{service=\\"postgres\\"} |~ \\"pg_cron|cron job [0-9]+\\""
    stage.static_labels {
      values = { component = "pg_cron" }
    }
  }
  stage.match {
    selector = "{service=\\"postgres\\"} |= \\"password authentication failed\\""
    stage.regex {
      expression = "password authentication failed for user \\"(?P<dbuser>[^\\"]+)\\""
    }
    stage.labels {
      values = { dbuser = "" }
    }
    stage.static_labels {
      values = { component = "auth", outcome = "failed" }
    }
  }
  stage.match {
    selector = "{service=\\"postgres\\"} |= \\"connection authorized\\""
    stage.static_labels {
      values = { component = "auth", outcome = "success" }
    }
  }

  // Services that log JSON.
  stage.match {
    selector = "{service=~\\"api|gateway|graphql\\"}"
    stage.json {
      expressions = { level = "", component = "", event = "" }
    }
    stage.labels {
      values = { level = "", component = "", event = "" }
    }
  }

  forward_to = [loki.write.store.receiver]
}

loki.write "store" {
  endpoint {
    url = sys.env("LOKI_PUSH_URL")
  }
}
`;

function relabel(label: string): string {
  return `  rule {
    source_labels = ["__meta_docker_container_label_${label}"]
    target_label  = "${label}"
  }
`;
}
