"""A missing image whose registry is away makes its workload failed: image_unavailable, with back-off; others run."""
from lib import check


def run(rig):
    node = rig.node()
    node.declare("web", image="127.0.0.1:1/nothing/here:1")
    node.declare("other")
    node.start()
    node.until_running("other")
    failed = node.until_state("failed")
    check.contains(failed["reason"], "image_unavailable", "the reason")
    check.equal(node.events("workload_trouble", "web")[-1]["data"]["code"], "image_unavailable", "the event")
    rig.until(lambda: node.cli("status").returncode == 1, 20, "status says so between two attempts")
    pulled = node.outcome("pull", "image:127.0.0.1:1/nothing/here:2")
    check.equal((pulled["kind"], pulled["code"]), ("failed", "image_unavailable"), "pull")
    node.declare("web")
    node.reload_by_signal()
    node.until_running()
