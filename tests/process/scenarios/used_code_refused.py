"""An enrolment code works once: another machine with the same code, and one that claims the node's id, are refused
and say so."""
from lib import check


def run(rig):
    control = rig.control().start()
    first = rig.node("first", control=control)
    code = control.code_for(first.id)
    first.give_code(code)
    first.declare()
    first.start()
    first.until_running()
    rig.until(lambda: control.node(first.id).get("heard") == "ok", 20, "it is heard", lambda: control.node(first.id))
    again = control.call("POST", "/v1/enroll", {"node_id": first.id, "code": code, "ledger_id": "another"})
    check.equal(again.status, 403, f"another ledger with the used code: {again}")
    same = control.call("POST", "/v1/enroll", {"node_id": "somebody", "code": code, "ledger_id": "another"})
    check.equal(same.status, 403, f"another node with the used code: {same}")
    claim = control.call("POST", "/v1/enroll", {"node_id": first.id, "ledger_id": "another"})
    check.equal(claim.status, 403, f"a claim without code: {claim}")
    second = rig.node("second", control=control)
    second.give_code(code)
    second.declare()
    second.start()
    rig.until(lambda: "403" in second.status()["control"], 20, "the refusal is told", second.status)
    check.equal(second.containers(), [], "a node that is not let in starts nothing")
    wrong = control.call("POST", f"/v1/nodes/{first.id}/heartbeat", {}, {"Authorization": "Bearer wrong"})
    check.equal(wrong.status, 401, f"a wrong key: {wrong}")
    check.equal(control.call("GET", "/v1/nodes").status, 401, "an operator's route without a token")
