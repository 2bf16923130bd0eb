"""A set that may not be applied is refused whole, with every reason: bad keys, the policy, a name that a file has; and a
file may not take a name that was applied. Values of env stand in no answer."""
from lib import check

SECRET = "planted-env-value-91c2"


def run(rig):
    node = rig.node()
    node.declare("by-file")
    node.start()
    before = node.until_running("by-file")
    node.put_in_set("web", prots=["80"])
    bad = node.apply()
    check.equal(bad.returncode, 3, "a bad key")
    check.contains(bad.stderr, "web.toml:", "file and line")
    check.contains(bad.stderr, "prots", "the key")
    node.put_in_set("web", mounts=[{"source": "/etc", "target": "/data"}])
    refused = node.apply()
    check.equal(refused.returncode, 3, f"a mount that the policy forbids: {refused.stdout}{refused.stderr}")
    check.contains(refused.stdout + refused.stderr, "mounts[0]", "the key")
    node.put_in_set("web", env={"KEY": SECRET})
    node.put_in_set("by-file")
    clash = node.apply()
    check.equal(clash.returncode, 3, "a name that a file has")
    check.contains(clash.stdout + clash.stderr, "declared by a file", "the reason")
    check.equal(node.workload(), {}, "nothing of the set is taken")
    node.take_out_of_set("by-file")
    check.equal(node.apply().returncode, 0, "the set without it")
    node.until_running()
    node.declare("web")
    node.cli("reload")
    rig.until(lambda: any("was applied" in one for one in node.status()["reasons"]), 10, "the clash is told",
              lambda: node.status()["reasons"])
    check.equal(node.workload()["source"], "applied", "what was applied stays in force")
    check.same_run(before, node.container("by-file"))
    for one in node.events("command_settled"):
        answer = node.api("GET", f"/v1/commands/{one['command_id']}").text
        check.is_true(SECRET not in answer, "a command's answer holds a value of env")
    check.is_true(SECRET not in node.api("GET", "/v1/events").text + node.log(), "an event or the log holds it")
