"""A suspended node stays suspended through a restart of the agent and through a reboot of the host, until it is
resumed."""
from lib import boot, check
from lib.node import ENDS_ON_TERM

ABOUT_S = 12


def run(rig):
    control, node = rig.enrolled()
    node.declare(command=ENDS_ON_TERM)
    node.start()
    node.until_running()
    outcome = control.outcome(node.id, "suspend", reason="payment failed")
    check.equal(outcome["kind"], "succeeded", "suspend")
    stays_down(rig, node)
    node.kill()
    node.start()
    stays_down(rig, node)
    node.kill()
    boot.into_another_boot(node)
    node.start()
    check.equal(node.status()["boot_id"], boot.id_of(node), "the boot id")
    stays_down(rig, node)
    refused = node.command("start")
    check.refused(refused, "suspended")
    check.contains(refused.text, "payment failed", "the refusal says why")
    check.refused(node.command("resume"), "forbidden")
    check.equal(control.outcome(node.id, "resume")["kind"], "succeeded", "resume")
    node.until_running()
    check.equal(node.status()["state"], "running", "the node's state")


def stays_down(rig, node):
    rig.until(lambda: node.status()["state"] == "suspended", 20, "the node is suspended", node.status)
    check.equal(node.status()["suspension"]["reason"], "payment failed", "the reason")
    rig.stays(lambda: not node.container()["State"]["Running"], 1, "staying stopped")
