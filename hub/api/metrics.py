"""What Prometheus may read at /metrics. No number, no text, no name of a person is ever a label."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

WEBHOOKS = Counter("hub_webhooks_total", "Webhook messages by gateway and what became of them", ["gateway", "result"])
INBOX = Gauge("hub_inbox_messages", "Journal entries not read yet")
SPOOL = Gauge("hub_spool_batches", "Batches of messages that wait on disk while the database is away")
OUTBOX = Gauge("hub_outbox_messages", "Messages not sent yet")
WORKER_AGE = Gauge("hub_worker_heartbeat_age_seconds", "Seconds since a worker was last seen")
ALERTS = Gauge("hub_alerts", "Alerts by severity and state", ["severity", "state"])
ALERT_WAIT = Gauge(
    "hub_alert_wait_seconds",
    "How long alerts of a region waited until they were acknowledged, or resolved: the share `quantile` of them",
    ["region", "until", "quantile"],
)
