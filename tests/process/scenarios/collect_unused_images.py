"""Images that the agent pulled and nothing needs are collected by policy, told before by a dry run; what is declared, what
a foreign container is made of, and what others brought stay."""
from lib import check


def run(rig):
    registry = rig.registry()
    unused, used, declared, theirs = (rig.will_pull(registry.push(name, seed=seed)) for seed, name in
                                      enumerate(("unused", "used", "declared", "theirs")))
    node = rig.node()
    node.settings["limits"] = {"collect_unused_days": 30, "collect_disk_percent": 100}
    node.declare("web", image=declared)
    node.start()
    node.until_running()
    for image in (unused, used):
        check.equal(node.outcome("pull", "image:" + image)["kind"], "succeeded", image)
    name, tag = theirs.rsplit(":", 1)
    node.docker.ok("POST", f"/images/create?fromImage={name}&tag={tag}")
    made = node.docker.ok("POST", f"/containers/create?name=theirs-{node.id}", {"Image": used, "Labels":
                          {"aura.test": rig.name}}).json["Id"]
    rig.foreign.append(made)

    check.contains(node.cli("collect").stdout, "No images were removed", "within the policy")
    node.stop()
    node.settings["limits"] = {"collect_unused_days": 0, "collect_disk_percent": 100}
    node.start()
    told = node.cli("collect", "--dry-run").stdout
    check.is_true(declared not in told and theirs not in told, "the dry run", told)
    check.equal(node.cli("collect").returncode, 0, "collect")
    rig.until(lambda: node.docker.call("GET", f"/images/{unused}/json").status == 404, 20, "the unused image is gone")
    for image in (used, declared, theirs, node.docker.image):
        check.equal(node.docker.call("GET", f"/images/{image}/json").status, 200, image)
    check.contains(node.until_event("image_collected")["text"], unused, "the event")
    node.until_running()
