"""A version that crashes at its start, one that hangs before READY and one that is ready but never reports are each put back
by the upgrade verb; the old one runs again with its ledger, and no container is touched."""
from hosts_lib import upgrades
from hosts_lib.host import UNIT
from lib import check

ABOUT_S = 90
DEADLINE_S = 400
STARTS_WITHIN_S = 5


def run(rig):
    control, host = rig.enrolled(web={})
    upgrades.judge_within(host, 15)
    # A drop-in, so that the new version's own unit does not decide; the package's own time is longer than a test has.
    host.drop_in(UNIT, "patience", f"[Service]\nTimeoutStartSec={STARTS_WITHIN_S}\n")
    before, node_id = host.until_running(), host.id
    bad = {
        "crashes at its start": (rig.script_version("0.2.0", "echo broken; exit 3"), ""),
        "hangs before READY": (rig.script_version("0.2.1", "exec sleep infinity"), ""),
        "runs without a heartbeat": (without_control(rig, node_id), "control plane"),
    }
    for how, (package, because) in bad.items():
        rig.fault(f"a new version of the agent {how}", "a package whose agent does so, by the upgrade verb",
                  "the version before runs again; same container, same start")
        upgrades.rolled_back(host, package, because)
        check.equal(host.id, node_id, f"the node after a version that {how}")
        host.until_state("running")
        check.same_run(before, host.container())
        rig.until(lambda: control.node(node_id).get("heard") == "ok", 30, "the control plane hears it again",
                  lambda: control.node(node_id).get("heard"))


def without_control(rig, node_id):
    """The real program of a later version, which is told of no control plane."""
    settings = rig.dir + "/alone.toml"
    with open(settings, "w", encoding="utf-8") as file:
        file.write(f'[node]\nid = "{node_id}"\n')
    later, package = rig.later_version(2)
    return rig.script_version(later, "exec $REAL daemon --config /usr/share/aura-node/alone.toml", package,
                              **{"/usr/share/aura-node/alone.toml": settings})
