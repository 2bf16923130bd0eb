"""A workload that uses up its restart budget is a crash loop that goes on trying, across an agent restart; start
clears it."""
from lib import check
from lib.node import write


def run(rig):
    node = rig.node()
    node.declare(command="[ -e /data/mended ] && exec sleep 3600; exit 1",
                 mounts=[{"source": node.path("srv"), "target": "/data"}],
                 tables="[restart]\nbackoff_max_s = 60\ngive_up = { restarts = 2, within_s = 600 }\n")
    node.start()
    looping = node.until_state("crash_loop", seconds=30)
    check.is_true(looping["retry_in_s"] > 20, "it waits for backoff_max_s", looping)
    check.equal(node.events("workload_crash_loop")[-1]["severity"], "error", "the event")
    node.restart()
    node.until_state("crash_loop")
    check.equal(node.cli("status").returncode, 1, "status")
    write(node.path("srv", "mended"), "")
    check.equal(node.outcome("start", "workload:web")["kind"], "succeeded", "start")
    node.until_running()
    check.equal(node.workload()["budget_used"], 0, "the budget begins anew")
