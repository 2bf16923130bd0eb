"""A crash loop is told once, goes on at backoff_max_s for ever, across a boot of the host too, and ends with a run of
reset_after_s."""
import os

from lib import boot, check
from lib.node import write

DEADLINE_S = 120
ABOUT_S = 40
TABLES = ("[restart]\nbackoff_max_s = 2\nreset_after_s = 4\ngive_up = { restarts = 3, within_s = 600 }\n")


def run(rig):
    node = rig.node()
    node.declare(command="[ -e /data/broken ] && exit 1; exec sleep 3600",
                 mounts=[{"source": node.path("srv"), "target": "/data"}], tables=TABLES)
    write(node.path("srv", "broken"), "")
    node.start()
    node.until_event("workload_crash_loop", "web")
    goes_on(rig, node)
    node.kill()
    boot.into_another_boot(node)
    node.start()
    goes_on(rig, node)
    check.equal(len(node.events("workload_crash_loop", "web")), 1, "the event of the loop")

    os.unlink(node.path("srv", "broken"))
    before = node.until_running()
    rig.stays(lambda: node.container()["Id"] == before["Id"], 5, "it runs for longer than reset_after_s")
    restarts = node.workload()["restarts"]
    rig.docker.kill_main_process(before["Id"])
    rig.until(lambda: node.workload()["restarts"] == restarts + 1, 20, "the restart", node.workload)
    check.other_run(before, node.until_running(seconds=5))


def goes_on(rig, node):
    seen = node.workload()["restarts"]
    rig.until(lambda: node.workload()["restarts"] >= seen + 2, 30, "it is tried again and again", node.workload)
