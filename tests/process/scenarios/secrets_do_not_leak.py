"""A secret reaches its container, as environment and as file, and stands nowhere else: label, log, ledger, status,
event, control."""
import json
import os

from lib import check

SECRET = "planted-0d3b6c5f9a71-secret"
FILE_SECRET = "planted-77aa20c4e1b9-in-file"

# The values are put together here, so that the declaration itself does not hold them.
COMMAND = """echo my token is $TOKEN
[ "$TOKEN" = planted-0d3b6c5f9a71-""secret ] || exit 4
[ "$(cat /run/secrets/key)" = planted-77aa20c4e1b9-""in-file ] || exit 5
[ -e /data/once ] && exec sleep 3600
touch /data/once
exit 6"""


def run(rig):
    control, node = rig.enrolled()
    node.write_credential("token", SECRET)
    node.write_credential("key", FILE_SECRET)
    node.declare(command=COMMAND, mounts=[{"source": node.path("srv"), "target": "/data"}],
                 secrets={"TOKEN": "token"}, secret_files={"key": {"credential": "key", "on_change": "restart"}})
    node.start()
    check.equal(node.until_event("workload_exited", "web")["data"]["exit_code"], "6", "both have reached the container")
    tail = node.until_event("log_tail", "web")
    check.contains("\n".join(tail["log_tail"]), "my token is", "the tail is there")
    container = node.until_running()
    check.contains(container["Config"]["Env"], f"TOKEN={SECRET}", "the environment")
    rig.until(lambda: control.node(node.id).get("report"), 20, "a report has arrived")
    last = node.events()[-1]["seq"]
    rig.until(lambda: control.node(node.id)["confirmed_event_seq"] >= last, 20, "all events have arrived")
    places = {
        "labels": json.dumps(container["Config"]["Labels"]),
        "status": node.api("GET", "/v1/status").text,
        "workloads": node.api("GET", "/v1/workloads").text,
        "events": node.api("GET", "/v1/events").text,
        "metrics": node.api("GET", "/metrics").text,
        "agent's log": node.log(),
        "command line": open(f"/proc/{node.process.pid}/cmdline", encoding="utf-8").read(),
        "control plane": control.api("GET", f"/v1/nodes/{node.id}").text + json.dumps(control.events(node.id)),
        "config": node.cli("config", *node.flags()).stdout,
    }
    for folder in (node.path("state"), control.dir):
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as file:
                places[os.path.join(folder, name)] = file.read().decode("latin-1")
    with open(node.path("state", "node-key"), encoding="utf-8") as file:
        key = file.read().strip()
    for place, text in places.items():
        for secret in (SECRET, FILE_SECRET):
            check.is_true(secret not in text, f"{place} holds a secret")
        if not place.endswith("/node-key"):
            check.is_true(key not in text, f"{place} holds the node key")
    for path, mode in ((node.path("state", "node-key"), 0o600), (node.path("state"), 0o700),
                       (node.path("run", "secrets"), 0o700)):
        check.equal(oct(os.stat(path).st_mode & 0o777), oct(mode), path)
