"""apt install of the package starts a supervising agent within seconds, under a user of its own, with its files where
Debian people look for them."""
import os

from hosts_lib.host import ETC, STATE, UNIT
from lib import check

ABOUT_S = 12
FILES = ["/usr/bin/aura-node", "/usr/lib/systemd/system/aura-node.service", f"{ETC}/agent.toml", f"{ETC}/policy.toml",
         f"{ETC}/workloads.d"]


def run(rig):
    host = rig.host()
    machine = host.machine
    host.declare()
    host.install()
    host.until_ready(seconds=10)
    host.until_running(seconds=10)
    for path in FILES:
        check.is_true(machine.exists(path), f"{path} is there")

    unit = machine.unit(UNIT, "Type", "ActiveState", "UnitFileState", "User", "NRestarts", "MainPID")
    check.equal((unit["Type"], unit["ActiveState"], unit["UnitFileState"], unit["User"], unit["NRestarts"]),
                ("notify", "active", "enabled", "aura-node", "0"), "the unit")
    docker_group = machine.run("getent", "group", "docker").stdout.split(":")[2]
    groups = machine.run("grep", "^Groups:", f"/proc/{unit['MainPID']}/status").stdout.split()
    check.contains(groups, docker_group, "the groups of its process")
    check.equal(machine.run("stat", "--format=%U %a", STATE, "/run/aura-node").stdout.split(),
                ["aura-node", "700", "aura-node", "755"], "owner and mode of its state and of its runtime folder")

    # For the administrator who asks systemd: words about the workloads, not a state's name.
    told = rig.until(lambda: words_of_unit(machine), 10, "the status says that the workload runs",
                     lambda: machine.unit(UNIT, "StatusText"))
    check.contains(machine.run("systemctl", "status", UNIT).stdout, told, "systemctl status")

    status = host.cli("status")
    check.equal(status.returncode, 0, f"aura-node status: {status.stdout}{status.stderr}")
    check.contains(status.stdout, "web", "aura-node status")
    check.equal(os.path.basename(os.readlink(machine.path(f"/proc/{host.main_pid()}/exe"))), "aura-node", "the program")


def words_of_unit(machine):
    told = machine.unit(UNIT, "StatusText")["StatusText"]
    return told if "workload" in told else None
