"""The control plane's upgrade fetches the version from the configured apt source; one that no source has is told as such, and
nothing is changed."""
import hashlib
import subprocess

from hosts_lib import upgrades
from lib import check

ABOUT_S = 40
DEADLINE_S = 240
FOLDER = "/srv/packages"
SOURCE = f"Types: deb\nURIs: file:{FOLDER}\nSuites: ./\nTrusted: yes\n"


def offer(host, package):
    """A flat repository with that package as the host's only apt source."""
    with open(package, "rb") as file:
        content = file.read()
    fields = subprocess.run(["dpkg-deb", "-f", package], capture_output=True, text=True, check=True, timeout=30).stdout.strip()
    machine = host.machine
    machine.write(f"{FOLDER}/Packages", f"{fields}\nFilename: ./aura-node.deb\nSize: {len(content)}\n"
                                        f"SHA256: {hashlib.sha256(content).hexdigest()}\n")
    machine.put(package, f"{FOLDER}/aura-node.deb", 0o644)
    machine.shell("mkdir -p /root/other-sources; mv /etc/apt/sources.list /etc/apt/sources.list.d/* /root/other-sources/ || true")
    machine.write("/etc/apt/sources.list.d/aura.sources", SOURCE)


def run(rig):
    control, host = rig.enrolled(web={})
    upgrades.judge_within(host, 15)
    before, node_id = host.until_running(), host.id
    later, package = rig.later_version(1)
    offer(host, package)

    none = control.outcome(node_id, "upgrade", args={"version": "9.9.9"})
    check.equal(none["code"], "unavailable", f"a version that is nowhere: {none}")
    check.same_run(before, host.container())

    done = control.outcome_of(node_id, control.send(node_id, "upgrade", args={"version": later}), seconds=120)
    check.equal(done["kind"], "succeeded", f"{done}; {upgrades.story(host)}")
    check.equal(upgrades.installed(host), f"{later} installed", "what is installed")
    check.same_run(before, host.container())
