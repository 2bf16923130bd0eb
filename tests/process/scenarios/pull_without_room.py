"""A pull that the disk has no room for is refused with no_space: before it begins where too little is free already, and
as soon as its size is known where that does not fit."""
import os

from lib import check

TIB = 1 << 40


def run(rig):
    registry = rig.registry()
    line = rig.slow_line(registry, 1 << 20)
    huge = rig.will_pull(line.reference(registry.push_huge("huge", 8 * TIB)))
    small = rig.will_pull(registry.push("small"))
    node = rig.node()
    node.start()
    refused = node.outcome("pull", "image:" + huge)
    check.equal((refused["kind"], refused["code"]), ("failed", "no_space"), "a pull that cannot fit")
    check.contains(refused["detail"], "of the image are still to come", "the detail")
    free = os.statvfs(node.docker.ok("GET", "/info").json["DockerRootDir"])
    node.stop()
    node.settings["limits"] = {"pull_reserve_mb": (free.f_blocks * free.f_frsize >> 20) + 1}
    node.declare("web", image=small)
    node.start()
    failed = node.until_state("failed")
    check.contains(failed["reason"], "no_space", "the reason")
    check.equal(node.events("workload_trouble", "web")[-1]["data"]["code"], "no_space", "the event")
    check.equal(node.cli("pull", small).returncode, 1, "aura-node pull")
    check.equal(node.docker.call("GET", f"/images/{small}/json").status, 404, "nothing was pulled")
