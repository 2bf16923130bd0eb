"""apply on a suspended node stores the set and starts nothing; resume runs it. The control plane sends it the same way."""
from lib import check


def run(rig):
    control, node = rig.enrolled()
    node.start()
    spec = {"image": node.docker.image, "command": ["/bin/sh", "-c", "exec sleep 3600"], "env": {"V": "1"}}
    sent = control.outcome(node.id, "apply", args={"workloads": {"web": spec}})
    check.equal(sent["kind"], "succeeded", f"apply from the control plane: {sent}")
    before = node.until_running()
    check.equal(control.outcome(node.id, "suspend", reason="payment failed")["kind"], "succeeded", "suspend")
    node.put_in_set("web", env={"V": "2"})
    stored = node.apply()
    check.equal(stored.returncode, 0, f"apply while suspended: {stored.stdout}{stored.stderr}")
    check.contains(stored.stdout, "Stored; the node is suspended, nothing is started.", "the outcome")
    rig.stays(lambda: not any(one["State"]["Running"] for one in node.containers()), 1, "starting nothing")
    check.equal(len(node.containers()), 1, "no container is made")
    check.equal(control.outcome(node.id, "resume")["kind"], "succeeded", "resume")
    after = rig.until(lambda: running(node), 20, "it runs as it was applied", node.workload)
    check.is_true(after["Id"] != before["Id"], "a new container")


def running(node):
    seen = [one for one in node.containers() if one["State"]["Running"] and "V=2" in one["Config"]["Env"]]
    return seen[0] if seen else None
