"""A version that could not read the ledger is refused before anything of it is unpacked, with the remedy; the one that runs
goes on."""
from hosts_lib.host import STATE
from lib import check

ABOUT_S = 12


def run(rig):
    host = rig.node(web={})
    machine = host.machine
    before = host.until_running()
    version = machine.run("dpkg-query", "-W", "-f=${Version}", "aura-node").stdout
    # As a later version leaves it, once it has migrated.
    machine.write(f"{STATE}/schema", "9999\n")
    done = host.install(rig.variant("0.0.1"), check=False)
    said = done.stdout + done.stderr
    check.is_true(done.returncode != 0, "it is refused", said)
    check.contains(said, "9999", "the refusal names what the ledger is written in")
    check.is_true("remedy" in said or "install" in said.split("9999", 1)[1], "the refusal names a remedy", said)
    check.equal(machine.run("dpkg-query", "-W", "-f=${Version} ${db:Status-Status}", "aura-node").stdout,
                f"{version} installed", "what is installed")
    host.until_ready()
    check.same_run(before, host.container())
