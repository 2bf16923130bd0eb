"""A server that hangs while its port is open is restarted by its liveness probe; the reason names the probe and its last
answer, and status, report and event agree."""
import os
import signal
import socket

from lib import check

SERVES = "mkdir -p /tmp/w && echo ok > /tmp/w/healthz && exec httpd -f -p 80 -h /tmp/w"
PROBE = ('[security]\ninit = false\n[stop]\ngrace_s = 1\n[health.liveness]\nhttp = "http://127.0.0.1:80/healthz"\n'
         'every_s = 1\ntimeout_s = 1\nfailures = 2\nstart_grace_s = 30\n')


def run(rig):
    node = rig.node()
    node.declare(command=SERVES, tables=PROBE)
    node.start()
    before = node.until_running()
    check.equal(node.workload()["health"], "healthy", "health while it answers")
    rig.stays(lambda: node.workload()["restarts"] == 0, 3, "a server that answers is left alone", node.workload)
    os.kill(before["State"]["Pid"], signal.SIGSTOP)
    address = next(iter(before["NetworkSettings"]["Networks"].values()))["IPAddress"]
    socket.create_connection((address, 80), 5).close()
    event = node.until_event("workload_exited", "web")
    check.equal(event["data"]["cause"], "probe", "the cause")
    check.contains(event["text"], "the liveness probe http://127.0.0.1:80/healthz failed 2 times in a row, last: no answer within 1 s",
                   "the reason")
    node.until_event("workload_started", "web", count=2)
    check.other_run(before, node.until_running())
    seen = node.workload()
    check.equal((seen["restarts"], seen["budget_used"]), (1, 1), "restarts and budget")
    check.contains(seen["last_exit"]["why"], "a probe failed", "why in the report")
