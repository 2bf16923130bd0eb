"""An exit code named in never_on_exit leaves the workload failed, across an agent restart, until somebody says
start."""
from lib import check
from lib.node import write


def run(rig):
    node = rig.node()
    node.declare(command="[ -e /data/mended ] && exec sleep 3600; exit 78",
                 mounts=[{"source": node.path("srv"), "target": "/data"}], tables="[restart]\nnever_on_exit = [78]\n")
    node.start()
    failed = node.until_state("failed")
    check.contains(failed["reason"], "aura-node start web", "the reason names the remedy")
    node.restart()
    node.until_state("failed")
    rig.stays(lambda: len(node.events("workload_started", "web")) == 1, 1.5, "being left alone")
    check.equal(node.status()["state"], "degraded", "the node's state")
    write(node.path("srv", "mended"), "")
    check.equal(node.outcome("start", "workload:web")["kind"], "succeeded", "start")
    node.until_running()
