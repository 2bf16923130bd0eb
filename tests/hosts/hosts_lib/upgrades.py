"""Upgrades of the agent by its own verb, from a file."""
import os

from lib import check

VERDICT_S = 200


def judge_within(host, seconds):
    """How long a new version has to prove itself; the unit's own time is longer than a test has."""
    host.drop_in("aura-node-upgrade@.service", "patience", f"[Service]\nEnvironment=AURA_PROVE_S={seconds}\n")


def upgrade(host, package):
    """As root at the command line; until the verdict."""
    inside = "/root/" + os.path.basename(package)
    host.machine.put(package, inside, 0o644)
    return host.cli("upgrade", inside, seconds=VERDICT_S)


def installed(host):
    return host.machine.run("dpkg-query", "-W", "-f=${Version} ${db:Status-Status}", "aura-node").stdout


def story(host):
    """What the unit that carries upgrades out said, for whoever reads a failure."""
    return "\n".join(host.machine.messages("-t", "upgrade")[-12:])


def succeeded(host, package, version):
    done = upgrade(host, package)
    check.equal(done.returncode, 0, f"upgrade to {version}: {done.stdout}{done.stderr}{story(host)}")
    check.equal(installed(host), f"{version} installed", "what is installed")


def rolled_back(host, package, because):
    """The version is refused for that reason, and the one before runs again."""
    before = installed(host)
    done = upgrade(host, package)
    said = done.stdout + done.stderr
    check.equal(done.returncode, 1, f"a bad upgrade: {said}{story(host)}")
    check.contains(said, because, f"why it was not kept; {story(host)}")
    check.equal(installed(host), before, f"what is installed after {said}")
    host.until_ready()
