"""Broken servers, at logs."""

from __future__ import annotations

from harness.core.message import epoch_s, rfc3339
from harness.protocols.brainstream.defects.breaking import lacking, wrong

logs_in_lines = wrong("logs-in-lines", "BRA-LOG-01", "logs", lambda v: [entry["message"] for entry in v])
no_logs = lacking("no-logs", "BRA-LOG-01", "logs")
level_warn = wrong("level-warn", "BRA-LOG-02", "logs.*.level", lambda v: "WARN")
message_in_parts = wrong("message-in-parts", "BRA-LOG-03", "logs.*.message", lambda v: {"text": v})
log_without_time = lacking("log-without-time", "BRA-LOG-04", "logs.*.timestamp")
log_by_epoch = wrong("log-by-epoch", "BRA-LOG-04", "logs.*.timestamp", epoch_s)
logs_of_tomorrow = wrong("logs-of-tomorrow", "BRA-LOG-05", "logs.*.timestamp", lambda v: rfc3339(epoch_s(v) + 3600))
logs_of_1970 = wrong("logs-of-1970", "BRA-LOG-06", "logs.*.timestamp", lambda v: rfc3339(0.0))
