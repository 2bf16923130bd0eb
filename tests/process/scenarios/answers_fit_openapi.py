"""Every live answer of both servers, good and bad, is as their OpenAPI documents say."""
from lib import check
from lib.schema import Document


def run(rig):
    control, node = rig.enrolled()
    node.declare("web", env={"A": "b"}, command="trap 'exit 3' TERM; while :; do sleep 60 & wait $!; done")
    node.declare("lost", image="127.0.0.1:1/nothing:1")
    node.start()
    node.until_running()
    node.until_state("failed", "lost")
    control.outcome(node.id, "restart", "workload:web")
    control.outcome(node.id, "suspend", reason="payment failed")
    control.outcome(node.id, "resume")
    node_side(node)
    control_side(rig, control, node)


def node_side(node):
    document = Document(node.api("GET", "/openapi.json").text)
    seen = Checked(document, lambda method, path, body, headers: node.api(method, path, body, headers))
    seen.get("/health", "/health/ready", "/health/startup", "/v1/status", "/v1/workloads", "/v1/workloads/web",
             "/v1/workloads/nobody", "/v1/events", "/v1/events?after=x", "/metrics", "/version", "/openapi.json",
             "/v1/workloads/web/logs", "/v1/workloads/web/why", "/v1/workloads/lost/why", "/v1/workloads/nobody/why",
             "/v1/commands/nobody")
    for event in node.events("command_settled"):
        seen.get("/v1/commands/" + event["command_id"])
    for name, verb, target in (("o-1", "restart", "workload:web"), ("o-1", "stop", "node"), ("o-2", "explode", "node"),
                               ("o-3", "stop", "workload:nobody"), ("o-4", "reload", "node"), ("o-5", "stop", "moon")):
        seen.post("/v1/commands?wait_s=20", {"id": name, "verb": verb, "target": target})
    seen.post("/v1/commands", b"x" * 70_000, {"Content-Type": "application/json"})
    seen.post("/v1/commands", b"{}", {"Content-Type": "text/plain"})
    check.equal(seen.problems, [], "the node's answers")


def control_side(rig, control, node):
    document = Document(control.call("GET", "/openapi.json").text)
    token = {"Authorization": f"Bearer {control.token}"}
    with open(node.path("state", "node-key"), encoding="utf-8") as file:
        key = {"Authorization": f"Bearer {file.read().strip()}"}
    rig.until(lambda: control.node(node.id).get("report"), 20, "a report has arrived")
    seen = Checked(document, lambda method, path, body, headers:
                   control.call(method, path, body, {**token, **(headers or {})}))
    base = f"/v1/nodes/{node.id}"
    seen.get("/health", "/version", "/openapi.json", "/v1/nodes", base, "/v1/nodes/nobody", "/v1/events?limit=1000",
             "/v1/events?after=x", base + "/commands/nobody")
    for shown in control.node(node.id)["commands"]:
        seen.get(f"{base}/commands/{shown['command']['id']}")
    for body in ({"verb": "restart", "target": "workload:web"}, {"verb": "suspend", "target": "node"},
                 {"verb": "explode"}, {"verb": "stop", "target": "node", "generation": 4}):
        seen.post(base + "/commands", body)
    seen.post("/v1/enroll-codes", {"node_id": "Not Good"})
    seen.post("/v1/enroll-codes", {"node_id": "another"})
    seen.post(base + "/approve", {})
    seen.post("/v1/enroll", {"node_id": node.id, "ledger_id": "other"})
    seen.post("/v1/enroll", {"node_id": "pending-one", "ledger_id": "other"})
    seen.post("/v1/enroll", {"node_id": 4})
    seen.post(base + "/stage", {"stage": "running"}, key)
    seen.post(base + "/heartbeat", {"protocol": 1}, key)
    seen.post(base + "/heartbeat", {}, {"Authorization": "Bearer wrong"})
    seen.call("GET", "/v1/nodes", None, {"Authorization": "Bearer wrong"})
    check.equal(seen.problems, [], "the control plane's answers")


class Checked:
    """Makes calls and gathers what is not as the document says."""

    def __init__(self, document, call):
        self.document = document
        self.make = call
        self.problems = []

    def call(self, method, path, body=None, headers=None):
        reply = self.make(method, path, body, headers)
        for problem in self.document.problems(method, path, reply):
            self.problems.append(f"{method} {path} {reply.status}: {problem}")

    def get(self, *paths):
        for path in paths:
            self.call("GET", path)

    def post(self, path, body, headers=None):
        self.call("POST", path, body, headers)
