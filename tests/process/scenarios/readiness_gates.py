"""Readiness gates dependants and commands and shows in status; losing it restarts nothing."""
import os

from lib import check
from lib.node import ENDS_ON_TERM, write

READY = '[health.readiness]\nexec = ["test", "-e", "/data/ready"]\nevery_s = 1\nfailures = 2\nstart_grace_s = 3\n'


def run(rig):
    node = rig.node()
    node.declare("db", ENDS_ON_TERM, READY, mounts=[{"source": node.path("srv"), "target": "/data"}])
    node.declare("web", ENDS_ON_TERM, depends_on={"db": "healthy"})
    node.start()
    unready = node.until_state("unhealthy", "db")
    check.contains(unready["reason"], "the readiness probe exec test failed", "the reason")
    check.equal(node.workload("web")["reason"], "It waits for db to be healthy.", "what web waits for")
    check.equal(node.cli("status").returncode, 1, "status while db is not ready")
    failed = node.outcome("start", "workload:db")
    check.equal((failed["kind"], failed["code"]), ("failed", "unhealthy"), "a start that never gets ready")
    write(node.path("srv", "ready"), "")
    before = node.until_running("db")
    node.until_running("web")
    node.until_event("workload_healthy", "db")
    os.unlink(node.path("srv", "ready"))
    node.until_state("unhealthy", "db")
    rig.stays(lambda: node.state("web") == "running", 3, "a dependant is left alone", node.status)
    check.same_run(before, node.container("db"))
