"""A backup runs when its primary is given up, beside every attempt to bring that back, and stops once the primary has been
well for a while; alone it does not run, and an operator's stop of the primary does not start it."""
import os

from lib import check
from lib.node import write

DEADLINE_S = 120
ABOUT_S = 35
RESTART = "[restart]\nbackoff_max_s = 2\ngive_up = { restarts = 2, within_s = 600 }\n"


def run(rig):
    node = rig.node()
    node.declare("web", command="[ -e /data/broken ] && exit 7; exec sleep 3600", tables=RESTART, backup="spare",
                 mounts=[{"source": node.path("srv"), "target": "/data"}])
    node.declare("spare")
    node.start()
    first = node.until_running("web")
    idle = node.until_state("stopped", "spare")
    check.contains(idle["reason"], "backup of web", "why the backup does not run")
    check.equal(node.cli("status").returncode, 0, "an idle backup is as intended")
    check.equal(node.outcome("start", "workload:spare")["code"], "backup", "start of an idle backup")

    write(node.path("srv", "broken"), "")
    rig.docker.kill_main_process(first["Id"])
    node.until_event("workload_crash_loop", "web")
    spare = node.until_running("spare")
    check.contains(why(node, "spare")[0]["began_why"], "its primary is given up", "why the backup began")
    rig.until(lambda: node.workload("web")["restarts"] >= 5, 30, "the primary is tried again and again", node.workload)
    node.kill()
    node.start()
    check.same_run(spare, node.until_running("spare"))

    # It is mended: seen well, then the backup goes.
    os.unlink(node.path("srv", "broken"))
    node.until_running("web")
    check.same_run(spare, node.until_running("spare"))
    node.until_state("stopped", "spare", seconds=40)
    check.equal(why(node, "spare")[0]["cause"], "backup", "the cause of its end")
    check.contains(why(node, "spare")[0]["ended_why"], "which is well", "why it ended")

    check.equal(node.outcome("stop", "workload:web")["kind"], "succeeded", "stop of the primary")
    rig.stays(lambda: node.state("spare") == "stopped", 2, "the backup stays down", node.workload)


def why(node, name):
    return node.api("GET", f"/v1/workloads/{name}/why").json["runs"]
