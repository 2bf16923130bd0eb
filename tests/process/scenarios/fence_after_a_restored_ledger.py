"""A node whose ledger went back in time is fenced: it supervises, takes no remote command, and says so."""
import shutil

from lib import check


def run(rig):
    control, node = rig.enrolled()
    node.declare()
    node.start()
    node.until_running()
    rig.until(lambda: control.node(node.id).get("heard") == "ok", 20, "it is heard")
    node.stop()
    shutil.copytree(node.path("state"), node.path("old-state"))
    for _ in range(2):
        node.start()
        epoch = node.status()["epoch"]
        rig.until(lambda epoch=epoch: control.node(node.id).get("epoch") == epoch, 20, "the epoch is known")
        node.stop()
    shutil.rmtree(node.path("state"))
    shutil.move(node.path("old-state"), node.path("state"))
    node.start()
    rig.until(lambda: node.status()["state"] == "fenced", 20, "fenced", node.status)
    before = node.until_running()
    rig.docker.kill_main_process(before["Id"])
    node.until_event("workload_started", "web", count=2)
    command = control.send(node.id, "stop", "workload:web")
    rig.stays(lambda: control.command(node.id, command).get("outcome") is None, 1.5, "being undelivered")
    check.equal(node.container()["State"]["Running"], True, "the workload")
