"""A workload that leaks is warned of and restarted as planned, hook first, before the kernel kills it; why says so, and a
second leak within six hours is only warned of."""
import os

from lib import check

DEADLINE_S = 150
ABOUT_S = 60
# Leaks 2 MiB a second into memory (a file of a tmpfs, which no kernel can drop); its hook leaves a mark.
SCRIPT = """
trap 'exit 0' TERM
echo begun >> /data/begun
while :; do
  head -c 2097152 /dev/zero >> /dev/shm/leak
  sleep 1
done
"""
TABLES = """
[resources]
memory = "128MiB"
[memory]
warn_percent = 10
restart_percent = 25
[stop]
grace_s = 20
[stop.hook]
exec = ["touch", "/data/asked"]
"""


def run(rig):
    node = rig.node()
    node.declare(command=SCRIPT, tables=TABLES, mounts=[{"source": node.path("srv"), "target": "/data"}])
    node.start()
    before = node.until_running()
    node.until_event("memory_high", "web", seconds=60)
    rig.until(lambda: node.state() == "running" and node.until_running()["State"]["StartedAt"] != before["State"]["StartedAt"],
              80, "a planned restart", node.workload)
    check.is_true(os.path.exists(node.path("srv", "asked")), "the hook was asked first")
    told = node.api("GET", "/v1/workloads/web/why").json["runs"]
    check.equal(told[1]["cause"], "memory", "the cause")
    check.equal(told[1].get("oom", False), False, "the kernel did not kill it")
    check.contains(told[1]["ended_why"], "its memory was running out", "why it ended")
    check.contains(told[0]["began_why"], "after a planned restart for its memory", "why it began")
    check.equal(node.workload()["restarts"], 1, "restarts")
