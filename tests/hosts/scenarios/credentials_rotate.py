"""A credential of the unit, plain or encrypted, reaches its container as a file and not docker inspect; a restart of the agent
with a new value restarts only the workload that asks for it."""
import json

from hosts_lib.host import UNIT
from lib import check

ABOUT_S = 20
FIRST, SECOND, SEALED = "planted-5f1e-first", "planted-5f1e-second", "planted-5f1e-sealed"


def run(rig):
    host = rig.host()
    machine = host.machine
    host.credential("token", FIRST)
    host.encrypted_credential("sealed", SEALED)
    # Another command each, or Docker's own words could not tell them apart.
    host.declare("web", secret_files={"token": {"credential": "token", "on_change": "restart"},
                                      "sealed": {"credential": "sealed"}})
    host.declare("calm", command="exec sleep 3601", secret_files={"token": {"credential": "token", "on_change": "none"}})
    host.declare("other", command="exec sleep 3602")
    host.install()
    host.until_ready()
    before = {name: host.until_running(name) for name in ("web", "calm", "other")}
    check.equal(in_container(machine, before["web"], "token"), FIRST, "the file in the container")
    check.equal(in_container(machine, before["web"], "sealed"), SEALED, "the encrypted one")
    for name, container in before.items():
        for secret in (FIRST, SEALED):
            check.is_true(secret not in json.dumps(container), f"docker inspect of {name} shows a secret")

    host.credential("token", SECOND)
    machine.run("systemctl", "reload", UNIT)
    rig.stays(lambda: host.state("web") == "running", 2, "a reload brings no new credential: web goes on")
    check.same_run(before["web"], host.container("web"))
    machine.run("systemctl", "restart", UNIT)
    host.until_ready()
    rig.until(lambda: in_container(machine, host.containers("web")[0], "token") == SECOND, 30, "web has the new value",
              lambda: host.workload("web"))
    for name in ("calm", "other"):
        check.same_run(before[name], host.container(name))
    place = host.machine.run("grep", "-rlF", SECOND, "/var/lib/aura-node", check=False).stdout
    check.equal(place, "", "the secret on the disk of the agent")


def in_container(machine, container, name):
    """As its processes see it; None while it does not run."""
    pid = container["State"]["Pid"]
    return machine.read(f"/proc/{pid}/root/run/secrets/{name}") if pid else None
