"""Values of env are shown masked by every route of the node and of the control plane."""
from lib import check


def run(rig):
    control, node = rig.enrolled()
    node.declare(env={"PASSWORD": "planted-in-env-4711"})
    node.start()
    check.contains(node.until_running()["Config"]["Env"], "PASSWORD=planted-in-env-4711", "the container has it")
    rig.until(lambda: control.node(node.id).get("report"), 20, "a report has arrived")
    shown = node.api("GET", "/v1/workloads/web")
    check.contains(shown.json["spec"]["env"], "PASSWORD", "the name is shown")
    for text in (shown.text, node.api("GET", "/v1/workloads").text, node.api("GET", "/v1/status").text,
                 node.api("GET", "/v1/events").text, control.api("GET", f"/v1/nodes/{node.id}").text, node.log()):
        check.is_true("planted-in-env-4711" not in text, "the value is not shown", text[:300])
