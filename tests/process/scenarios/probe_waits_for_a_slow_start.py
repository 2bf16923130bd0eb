"""A slow start is given its grace: liveness waits for startup, a start ends when the workload is ready, and a restart of
the agent counts nothing against what runs."""
from lib import check

SLOW = "mkdir -p /tmp/w && echo ok > /tmp/w/ready && sleep 4 && exec httpd -f -p 8080 -h /tmp/w"
PROBES = ('[health.startup]\nhttp = "http://127.0.0.1:8080/ready"\nstart_grace_s = 40\n'
          '[health.liveness]\ntcp = "127.0.0.1:8080"\nevery_s = 1\nfailures = 1\n'
          '[health.readiness]\nexec = ["test", "-e", "/tmp/w/ready"]\nevery_s = 1\n')


def run(rig):
    node = rig.node()
    node.declare(command=SLOW, tables=PROBES)
    node.start()
    starting = node.until_state("starting")
    rig.until(lambda: "startup probe" in node.workload()["reason"], 10, "the reason names the probe", node.workload)
    check.equal(starting["restarts"], 0, "restarts")
    check.equal(node.outcome("start", "workload:web")["kind"], "succeeded", "a start that waits for readiness")
    before = node.until_running()
    check.equal(node.workload()["health"], "healthy", "health")
    node.restart()
    node.until_running()
    rig.stays(lambda: node.workload()["restarts"] == 0, 3, "nothing counts against it", node.workload)
    check.same_run(before, node.container())
