"""A set whose new spec does not show itself healthy is taken back: the very same containers run again, what was new is
gone, and the outcome says why; also where the agent dies in the middle, and where an image cannot be had."""
from lib import applied, check

GRACE_S = 4


def run(rig):
    fault = rig.fault("the agent dies in the middle of an apply that fails", "SIGKILL while the new container runs")
    node = rig.node()
    node.start()
    node.put_in_set("db", env={"V": "1"}, tables=applied.probed())
    node.put_in_set("web", env={"V": "1"}, tables=applied.probed())
    check.equal(node.apply().returncode, 0, "the first apply")
    old = {name: node.until_running(name) for name in ("db", "web")}

    broken(node)
    failed = node.apply()
    check.equal(failed.returncode, 1, f"an apply that fails: {failed.stdout}{failed.stderr}")
    check.contains(failed.stdout, "rolled_back", "the code")
    check.contains(failed.stdout, f"web: it did not show itself healthy within {GRACE_S} s", "why")
    are_back(rig, node, old)

    node.put_in_set("web", image="127.0.0.1:1/nothing:1")
    missing = node.apply()
    check.equal(missing.returncode, 1, "an image that cannot be had")
    check.contains(missing.stdout, "Nothing was changed", "the detail")
    runs = {name: node.until_running(name) for name in old}

    broken(node)
    sent = node.apply("--no-wait")
    command_id = sent.stdout.strip()
    rig.until(lambda: any(one["State"]["Running"] and one["Id"] != old["web"]["Id"] for one in node.containers("web")),
              20, "the new container runs")
    node.kill()
    node.start()
    outcome = rig.until(lambda: node.api("GET", f"/v1/commands/{command_id}").json.get("outcome"), 60, "the outcome")
    check.equal((outcome["kind"], outcome["code"]), ("failed", "rolled_back"), "after the agent's death")
    are_back(rig, node, runs)
    fault.observed = "the apply was taken back by the next life of the agent; the same containers run"


def broken(node):
    node.put_in_set("db", env={"V": "2"}, tables=applied.probed())
    node.put_in_set("web", env={"V": "2"}, tables=applied.probed("false", GRACE_S))
    node.put_in_set("extra")


def are_back(rig, node, old):
    for name, before in old.items():
        now = node.until_running(name)
        check.equal(now["Id"], before["Id"], f"the container of {name}")
        rig.until(lambda: len(node.containers(name)) == 1, 20, f"only the old container of {name} is left")
    rig.until(lambda: not node.containers("extra"), 20, "what was new is gone")
    rig.until(lambda: not node.workload("extra"), 20, "and forgotten")
