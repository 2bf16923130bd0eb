"""A user of the host without privileges reads the status, is refused every verb, and finds no way to the ledger or the
secrets."""
from hosts_lib.host import ETC, STATE
from lib import check

ABOUT_S = 12
REFUSED = 3   # the exit code of a verb that was refused
VERBS = [("stop", "web"), ("restart",), ("hold", "--for", "1h"), ("lock",), ("reload",), ("suspend", "--reason", "x")]
PLANTED = "planted-31c2e8a0-secret"


def run(rig):
    host = rig.host()
    machine = host.machine
    host.credential("web-token", PLANTED)
    host.declare(secret_files={"token": {"credential": "web-token"}})
    host.install()
    host.until_ready()
    before = host.until_running()
    machine.run("useradd", "--create-home", "stranger")

    status = host.cli("status", user="stranger")
    check.equal(status.returncode, 0, f"a stranger's status: {status.stderr}")
    check.contains(status.stdout, "web", "a stranger's status")
    for verb in VERBS:
        done = host.cli(*verb, user="stranger")
        check.is_true(done.returncode in (REFUSED, 64), f"a stranger's {verb[0]} ended with {done.returncode}", done.stderr)
    check.is_true(not host.status()["locked"], "it is not locked")
    check.same_run(before, host.container())

    machine.run("grep", "-rqF", PLANTED, "/run/aura-node", "/run/credentials", check=True)  # it is there, for root
    for place in (STATE, f"{STATE}/ledger.db", "/run/aura-node/secrets", "/run/credentials/aura-node.service"):
        check.is_true(machine.exists(place), f"{place} is there")
        done = machine.run("cat" if place.endswith("db") else "ls", place, user="stranger", check=False)
        check.contains(done.stderr, "Permission denied", f"a stranger at {place}")
    seen = machine.run("grep", "-rF", PLANTED, "/run", "/var", ETC, user="stranger", check=False, seconds=120)
    check.equal(seen.stdout, "", "the secret, for a stranger")
    check.equal(machine.run("docker", "ps", user="stranger", check=False).returncode != 0, True, "Docker refuses a stranger")
