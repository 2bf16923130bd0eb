"""Every shipped profile, laid down as its README says, is valid under the default policy, and can be applied as a set."""
import os
import shutil

from lib import check, profiles

TENANT = "acme"


def run(rig):
    for name in profiles.names():
        node = rig.node(name)
        profiles.lay_down(node, name)
        if any("{tenant}" in one for one in profiles.credentials(name)):
            refused = node.cli("validate", *prepared(node))
            check.equal(refused.returncode, 1, f"{name} without a tenant")
            check.contains(refused.stdout + refused.stderr, "set node.tenant in agent.toml", f"{name}: the remedy")
        node.settings["node"]["tenant"] = TENANT
        done = node.cli("validate", *prepared(node))
        check.equal(done.returncode, 0, f"{name}: {done.stdout}{done.stderr}")
        for one in profiles.files(name):
            alone = node.cli("validate", *prepared(node), node.workload_path(one))
            check.equal(alone.returncode, 0, f"{name}/{one}: {alone.stdout}{alone.stderr}")

        # As a set: the same folder, with all that stands in it besides.
        shutil.copytree(os.path.join(profiles.SHIPPED, name), node.path("set"))
        for one in profiles.files(name):
            shutil.move(node.workload_path(one), node.path("set", one + ".toml"))
        for one in profiles.credentials(name):
            node.write_credential(one.replace("{tenant}", TENANT), "a value")
        node.start()
        shown = node.apply("--dry-run")
        check.equal(shown.returncode, 0, f"{name}: {shown.stdout}{shown.stderr}")
        for one in profiles.files(name):
            check.contains(shown.stdout, f"{one}: absent -> declared", f"{name}: the difference")
        check.equal(node.status()["workloads"], [], "a dry run declares nothing")
        node.stop()


def prepared(node):
    node.write_settings()
    return node.flags()
