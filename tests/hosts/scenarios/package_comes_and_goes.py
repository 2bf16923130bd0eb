"""Restart, crash, reinstallation, upgrade and removal of the agent never stop a container, and it takes up its own again with
ledger and epoch; purge removes its state and names the containers that it leaves."""
import signal

from hosts_lib.host import ETC, STATE, UNIT
from lib import check

ABOUT_S = 30


def run(rig):
    host = rig.node(web={})
    machine = host.machine
    before = host.until_running()
    node_id, epochs = host.id, [host.status()["epoch"]]

    def same_after(what, *, new_start=True):
        host.until_ready()
        host.until_state("running")
        check.same_run(before, host.container())
        check.equal(host.id, node_id, f"the node's id after {what}")
        epochs.append(host.status()["epoch"])
        check.equal(epochs[-1] > epochs[-2], new_start, f"a higher epoch after {what}: {epochs}")

    machine.run("systemctl", "restart", UNIT)
    same_after("a restart")
    old = host.main_pid()
    rig.fault("the agent is killed on a host with systemd", "SIGKILL of the unit's main process",
              "systemd started it again; same container, same start")
    machine.run("kill", f"-{int(signal.SIGKILL)}", str(old))
    rig.until(lambda: host.main_pid() not in (0, old), 20, "systemd started it again", lambda: machine.unit(UNIT, "SubState"))
    same_after("a crash")
    host.install()
    same_after("a reinstallation")

    newer_version = version(machine) + "+next"
    newer = rig.variant(newer_version)
    host.install(newer)
    check.equal(version(machine), newer_version, "the version installed")
    same_after("an upgrade")
    host.declare("late", command="exec sleep 3601")
    machine.run("systemctl", "reload", UNIT)
    host.until_running("late")

    host.apt("remove", "aura-node")
    check.equal(machine.unit(UNIT, "LoadState", "ActiveState")["ActiveState"], "inactive", "the unit after removal")
    check.same_run(before, machine.docker.inspect(before["Id"]))
    check.is_true(machine.exists(f"{STATE}/ledger.db") and machine.exists(f"{ETC}/agent.toml"), "state and configuration stay")
    host.install(newer)
    same_after("removal and installation")

    said = host.apt("purge", "aura-node")
    check.contains(said.stdout + said.stderr, before["Name"].lstrip("/"), "purge names the container that it leaves")
    check.same_run(before, machine.docker.inspect(before["Id"]))
    units = [f"/usr/lib/systemd/system/{UNIT}", f"/etc/systemd/system/multi-user.target.wants/{UNIT}"]
    for path in (STATE, ETC, "/run/aura-node", *units):
        check.is_true(not machine.exists(path), f"{path} is gone", machine.run("find", path, check=False).stdout)


def version(machine):
    return machine.run("dpkg-query", "-W", "-f=${Version}", "aura-node").stdout

