"""An image of a registry that wants a login is pulled with the credential that the workload names; the digest behind its
tag is shown; a wrong or missing login says so; the password stands nowhere."""
import os

from lib import check
from lib.registry import PASSWORD


def run(rig):
    registry = rig.registry(login=True)
    image = rig.will_pull(registry.push("team/web"))
    digest = registry.digest
    node = rig.node()
    node.declare("other")
    node.declare("web", image=image)
    node.start()
    refused = node.until_state("failed")
    check.contains(refused["reason"], "no basic auth credentials", "the reason without a login")
    node.write_credential("ghcr", registry.credential("wrong-" + PASSWORD))
    node.declare("web", image=image, registry_auth="ghcr")
    node.reload_by_signal()
    rig.until(lambda: "unauthorized" in node.workload()["reason"], 20, "the wrong login is told",
              lambda: node.workload())
    node.write_credential("ghcr", "no json " + PASSWORD)
    rig.until(lambda: "must hold" in node.workload()["reason"], 60, "a credential that is none is told",
              lambda: node.workload())
    node.write_credential("ghcr", registry.credential())
    check.equal(node.outcome("start", "workload:web")["kind"], "succeeded", "start with the right login")
    node.until_running()
    check.equal(node.workload()["image_digest"], digest, "the digest in status")
    check.contains(node.cli("status").stdout, f"web: {image} is {digest}", "the digest on the terminal")
    node.until_running("other")
    places = {"log": node.log(), "events": node.api("GET", "/v1/events").text,
              "status": node.api("GET", "/v1/status").text, "workloads": node.api("GET", "/v1/workloads").text}
    for name in os.listdir(node.path("state")):
        with open(node.path("state", name), "rb") as file:
            places[name] = file.read().decode("latin-1")
    for place, text in places.items():
        check.is_true(PASSWORD not in text, f"{place} holds the password")
