"""The profile crew: starts in order, supervisor last and first to stop; the registry's spare steps in and goes; each gets the
secrets of its tenant, and nobody else is shown them."""
import json
import os

from lib import check, profiles

STANDIN = True
ABOUT_S = 40
TENANT = "acme"
# Everything that waits, with what it waits for, as the README's table says.
ORDER = {"ingress": ["registry"], "lead-research": ["registry"], "calendar": ["registry"], "crm-sync": ["registry"],
         "scoring": ["registry", "lead-research"], "outreach": ["scoring", "calendar", "crm-sync"],
         "supervisor": ["registry", "ingress", "lead-research", "scoring", "outreach", "calendar", "crm-sync"]}
CREW = ["registry", *ORDER]


def run(rig):
    control, node = rig.enrolled()
    node.settings["node"]["tenant"] = TENANT
    values = {name: f"planted-{at}-of-{name.replace('{tenant}', 'x')}" for at, name in enumerate(profiles.credentials("crew"))}
    for name, value in values.items():
        node.write_credential(name.replace("{tenant}", TENANT), value)
    profiles.lay_down(node, "crew")
    for one in profiles.files("crew"):
        profiles.stand_in(node, one, ready_ms=300)
    node.start()
    for one in CREW:
        node.until_running(one, seconds=60)
    starts_in_order(node)
    secrets_arrive(node, values)
    spare_steps_in(rig, node)
    stops_in_reverse(node)
    nothing_leaks(rig, control, node, values)


def starts_in_order(node):
    began = {one: node.container(one)["State"]["StartedAt"] for one in CREW}
    for one, before in ORDER.items():
        for other in before:
            check.is_true(began[other] < began[one], f"{other} starts before {one}", began)
    check.equal(max(began, key=began.get), "supervisor", "the last one")
    check.equal(node.state("registry-spare"), "stopped", "the spare, while it is not needed")


def secrets_arrive(node, values):
    files = {"registry": "key", "ingress": "token", "lead-research": "api-key", "calendar": "token", "crm-sync": "token",
             "outreach": "smtp-password", "supervisor": "token"}
    for one, file in files.items():
        seen = profiles.ask(node, one, f"/file/run/secrets/{file}")
        check.is_true(seen.text in values.values(), f"the secret of {one}", seen)
    seen = profiles.ask(node, "scoring", "/env/MODEL_API_KEY").text
    check.equal(seen, values["{tenant}-model-key"], "the secret of scoring")
    check.equal(profiles.ask(node, "crm-sync", "/file/run/secrets/token").text, values["{tenant}-crm-token"], "crm-sync's own")


def spare_steps_in(rig, node):
    profiles.behave(node, "registry", exit=78)
    node.until_state("failed", "registry")
    node.until_running("registry-spare")
    check.equal(node.status()["state"], "degraded", "the node's state")
    rig.until(lambda: profiles.ask(node, "registry-spare", "/readyz").status == 200, 20, "the spare serves")
    check.equal([node.workload(one)["restarts"] for one in ORDER], [0] * len(ORDER), "the others are left alone")
    check.equal(node.outcome("start", "workload:registry")["kind"], "succeeded", "start of the mended registry")
    node.until_state("stopped", "registry-spare", seconds=40)


def stops_in_reverse(node):
    check.equal(node.outcome("stop", reason="move")["kind"], "succeeded", "stop of the node")
    ended = {one: node.container(one)["State"]["FinishedAt"] for one in CREW}
    for one, before in ORDER.items():
        for other in before:
            check.is_true(ended[one] < ended[other], f"{one} stops before {other}", ended)
    check.equal(max(ended, key=ended.get), "registry", "the last one")


def nothing_leaks(rig, control, node, values):
    last = node.events()[-1]["seq"]
    rig.until(lambda: control.node(node.id)["confirmed_event_seq"] >= last, 20, "all events have arrived")
    metrics = node.api("GET", "/metrics").text
    check.contains(metrics, f'tenant_id="{TENANT}"', "the metrics carry the tenant")
    places = {"status": node.api("GET", "/v1/status").text, "workloads": node.api("GET", "/v1/workloads").text,
              "events": node.api("GET", "/v1/events").text, "metrics": metrics, "log": node.log(),
              "labels": json.dumps([one["Labels"] for one in node.docker.of_node(node.id)]),
              "control plane": control.api("GET", f"/v1/nodes/{node.id}").text + json.dumps(control.events(node.id))}
    for folder in (node.path("state"), control.dir):
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as file:
                places[os.path.join(folder, name)] = file.read().decode("latin-1")
    for place, text in places.items():
        for value in values.values():
            check.is_true(value not in text, f"{place} holds a secret")
