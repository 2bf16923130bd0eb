"""A stop asks the workload's hook first: a program that is busy is asked again and stopped when it is ready; a veto ends with
the grace; force does not ask; a hook that fails does not keep the workload up. The outcome says what was answered."""
import time

from lib import check
from lib.node import read, write

DEADLINE_S = 120
ABOUT_S = 40
SCRIPT = "trap 'exit 0' TERM; while :; do sleep 1; done"
# As the file says: busy with exit code 75, or the given code; each question leaves its id.
HOOK = """#!/bin/sh
echo "$1" >> /data/asked
state=$(cat /data/state 2>/dev/null || echo 0)
[ "$state" != busy ] || { echo '{"status":"busy","retry_after_s":1,"reason":"two turns are running"}'; exit 75; }
exit "$state"
"""
TABLES = """
[stop]
grace_s = 20
[stop.hook]
exec = ["sh", "/data/hook", "{id}"]
timeout_s = 5
"""


def run(rig):
    node = rig.node()
    node.declare(command=SCRIPT, tables=TABLES, mounts=[{"source": node.path("srv"), "target": "/data"}])
    write(node.path("srv", "hook"), HOOK)
    node.start()
    node.until_running()
    write(node.path("srv", "state"), "busy")
    check.equal(node.command("stop", "workload:web", id="c-busy", wait_s=0).status, 202, "a stop")
    rig.until(lambda: asked(node) >= 2, 10, "it is asked again", lambda: node.workload())
    reason = "It asks to wait before it is stopped: busy: two turns are running"
    rig.until(lambda: reason in node.workload()["reason"], 10, "the reason", node.workload)
    node.until_event("stop_hook_busy", "web")
    write(node.path("srv", "state"), "0")
    node.until_state("stopped")
    check.equal(hook_of(node.outcome("stop", "workload:web", id="c-busy")), "ready", "the hook's last answer")
    check.equal(set(read(node.path("srv", "asked")).split()), {"c-busy"}, "the ids that it saw")

    again(node)
    write(node.path("srv", "state"), "busy")
    began = time.monotonic()
    outcome = node.outcome("stop", "workload:web", args={"grace_s": 8})
    took_s = time.monotonic() - began
    check.is_true(3 <= took_s <= 8, "within the grace, after the time for being busy", took_s)
    check.contains(hook_of(outcome), "its time to be busy was over", "the hook's last answer")

    again(node)
    before = asked(node)
    outcome = node.outcome("stop", "workload:web", force=True)
    check.equal(outcome["kind"], "succeeded", "a forced stop")
    check.equal(asked(node), before, "questions to the hook")

    again(node)
    write(node.path("srv", "state"), "3")
    check.contains(hook_of(node.outcome("stop", "workload:web")), "ended with exit code 3", "the hook's answer")
    node.until_event("stop_hook_failed", "web")


def again(node):
    check.equal(node.outcome("start", "workload:web")["kind"], "succeeded", "a start")


def asked(node):
    return len(read(node.path("srv", "asked")).split())


def hook_of(outcome):
    check.equal(outcome["kind"], "succeeded", "the outcome")
    return outcome["evidence"][0].get("hook", "")
