"""What the scenarios about apply share."""

READY_IF = """
[health.readiness]
exec = ["/bin/sh", "-c", "%s"]
every_s = 1
timeout_s = 1
failures = 1
start_grace_s = %d
"""


def probed(test="true", grace_s=20):
    return READY_IF % (test, grace_s)


def stopped_after_started(node, stopped, started):
    """In the node's own events: the old run of `stopped` ended after the last start of `started`."""
    events = node.events()
    ended = [one["seq"] for one in events if one["kind"] == "workload_exited" and one.get("workload") == stopped]
    began = [one["seq"] for one in events if one["kind"] == "workload_started" and one.get("workload") == started]
    return ended and began and ended[-1] > began[-1]
