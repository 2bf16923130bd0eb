"""An operator's browser, whose machine has rights on the tailnet, cannot be made to use them by another site: foreign origins,
a host name that was bound anew to the server's address, and bodies that a form can send are refused by both servers."""
from lib import check
from tailnet_lib.control import PORT
from tailnet_lib.grants import CONTROL, NODE, grant, roles, usual, verbs
from tailnet_lib.rig import API_PORT


def run(rig):
    rules = usual(grant("alice@", NODE, verbs("read", "stop")), grant("alice@", CONTROL, roles("admin")))
    vm, control, laptop = rig.members(rules, "vm", "control", "laptop", laptop={"user": "alice"})
    plane, node = rig.enrolled_on(vm, control)
    node.declare()
    node.start()
    before = node.until_running()
    rig.heard(plane, node)
    body = {"verb": "stop", "target": "workload:web", "id": "by-a-page"}
    servers = {
        "node": (vm, API_PORT, "/v1/status", "/v1/commands", (403,)),
        "control plane": (control, PORT, "/v1/nodes", f"/v1/nodes/{node.id}/commands", (403, 421)),
    }
    for name, (member, port, look, order, refusals) in servers.items():
        def ask(method, path, sent=None, **headers):
            named = {key.replace("_", "-"): value for key, value in headers.items()}
            return laptop.call(member.ip4, port, method, path, sent, named)

        for host in (f"{member.ip4}:{port}", f"{member.name}:{port}", f"{member.name}.tn.test"):
            check.equal(ask("GET", look, Host=host).status, 200, f"{name}, by its own name {host}")
        for host in ("evil.example", f"evil.example:{port}", f"{member.name}.evil.example", f":{port}"):
            check.equal(ask("GET", look, Host=host).status in refusals, True, f"{name}, rebound name {host!r}")
            check.equal(ask("POST", order, body, Host=host).status in refusals, True, f"{name}, order under {host!r}")
        for origin in ("https://evil.example", "http://evil.example", "null"):
            check.equal(ask("GET", look, Origin=origin).status, 403, f"{name}, look from {origin}")
            check.equal(ask("POST", order, body, Origin=origin).status, 403, f"{name}, order from {origin}")
        check.equal(ask("POST", order, body, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors").status, 403,
                    f"{name}, what a page of another site makes a browser send")
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
            answer = ask("POST", order, b'{"verb": "stop", "target": "workload:web", "id": "x"}', Content_Type=kind)
            check.equal(answer.status, 415, f"{name}, a form's body of type {kind!r}: {answer}")
        check.equal(ask("OPTIONS", order, Origin="https://evil.example",
                        Access_Control_Request_Method="POST").status in (403, 405), True, f"{name}, a preflight")
    check.same_run(before, node.container())
    check.equal(node.container()["State"]["Running"], True, "the workload")
