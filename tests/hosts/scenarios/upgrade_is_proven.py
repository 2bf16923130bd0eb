"""The upgrade verb puts a good version in place, proves it by the same containers and a heartbeat, and is told as succeeded; a
control plane that answers nobody meanwhile is not held against a version; a version below the proven one is refused."""
from hosts_lib import upgrades
from lib import check

ABOUT_S = 60
DEADLINE_S = 300


def run(rig):
    control, host = rig.enrolled(web={})
    upgrades.judge_within(host, 15)
    before, node_id = host.until_running(), host.id
    later, package = rig.later_version(1)
    upgrades.succeeded(host, package, later)
    check.same_run(before, host.container())
    rig.until(lambda: control.node(node_id).get("report", {}).get("agent_version") == later, 20,
              "the control plane hears the new version", lambda: control.node(node_id).get("report", {}).get("agent_version"))

    rig.fault("the control plane is away while the agent is upgraded", "its port refuses during the whole upgrade",
              "the version was kept; same container, same start")
    host.door.close()
    latest, package = rig.later_version(2)
    upgrades.succeeded(host, package, latest)
    check.same_run(before, host.container())

    done = upgrades.upgrade(host, rig.variant(later))
    check.equal(done.returncode, 1, "an upgrade to less than what has proven itself")
    check.contains(done.stdout + done.stderr, "below", "why")
    check.equal(upgrades.installed(host), f"{latest} installed", "what is installed")
    check.same_run(before, host.container())
