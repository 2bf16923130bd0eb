"""An upgrade that a loss of power cuts short is ended at the next boot: a good version is kept, a bad one put back, and one that
was not wholly installed leaves a whole package behind; what ran runs again."""
from hosts_lib import upgrades
from hosts_lib.host import UNIT
from lib import check
from lib.node import ENDS_ON_TERM

ABOUT_S = 90
DEADLINE_S = 400
TRIAL = "/var/lib/aura-node-upgrade/trial"
RESULT = "/var/lib/aura-node-upgrade/result"


def run(rig):
    control, host = rig.enrolled(web={"command": ENDS_ON_TERM})
    upgrades.judge_within(host, 20)
    # A version that hangs is given up early; the package's own time is longer than a test has.
    host.drop_in(UNIT, "patience", "[Service]\nTimeoutStartSec=5\n")
    host.until_running()
    good, good_package = rig.later_version(1)
    bad = "0.2.0"
    bad_package = rig.script_version(bad, "exec sleep infinity")

    rig.fault("power is lost while a new version is installed", "the machine is reset as soon as the trial has begun",
              "after the boot one whole version runs, and the verdict is told")
    cut_short(host, good_package, lambda: host.machine.exists(TRIAL))
    verdict = until_verdict(rig, host)
    now = upgrades.installed(host)
    check.equal(now, f"{good if verdict['code'] == '' else '0.1.0'} installed", f"what is installed after {verdict}")
    runs_again(rig, control, host)
    if verdict["code"]:
        upgrades.succeeded(host, good_package, good)

    rig.fault("power is lost while a bad new version is on trial", "the machine is reset while its agent hangs",
              "after the boot the version before runs again")
    cut_short(host, bad_package, lambda: upgrades.installed(host).startswith(bad + " "))
    verdict = until_verdict(rig, host)
    check.equal(verdict["code"], "rolled_back", f"the verdict {verdict}")
    check.equal(upgrades.installed(host), f"{good} installed", "what is installed")
    runs_again(rig, control, host)


def cut_short(host, package, moment):
    """Begins an upgrade and resets the machine at that moment."""
    machine = host.machine
    inside = "/root/new.deb"
    machine.put(package, inside, 0o644)
    serial = machine.shell(f"cat {RESULT} 2>/dev/null || true").stdout
    with machine.meanwhile("aura-node", "upgrade", inside):
        host.rig.until(moment, 60, "the moment to cut the upgrade short", lambda: upgrades.story(host))
    check.equal(machine.shell(f"cat {RESULT} 2>/dev/null || true").stdout, serial, "no verdict before the power was lost")
    host.reboot("systemctl", "reboot", "--force", "--force")


def until_verdict(rig, host):
    rig.until(lambda: not host.machine.exists(TRIAL) and
              host.machine.active("aura-node-upgrade-resume.service") == "inactive", 150,
              "the upgrade that was cut short has ended", lambda: upgrades.story(host))
    lines = host.machine.read(RESULT).splitlines()
    return dict(line.split("=", 1) for line in lines)


def runs_again(rig, control, host):
    host.until_ready().until_running()
    rig.until(lambda: control.node(host.id).get("heard") == "ok", 30, "the control plane hears it",
              lambda: control.node(host.id).get("heard"))
    rig.until(lambda: not host.status()["commands"], 30, "the command that was cut short has its outcome",
              lambda: host.status()["commands"])
