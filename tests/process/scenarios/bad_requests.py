"""Bad requests to a node get a typed refusal: 413, 400 with the path, 409 or 415, and never become commands."""
import json

from lib import check


def run(rig):
    node = rig.node()
    node.declare()
    node.start()
    before = node.until_running()
    command = {"id": "bad-1", "verb": "stop", "target": "workload:web"}

    def post(body, **headers):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent.setdefault("Content-Type", "application/json")
        return node.api("POST", "/v1/commands", body if isinstance(body, bytes) else json.dumps(body).encode(), sent)

    check.equal(post({**command, "reason": "x" * 70_000}).status, 413, "too large a body")
    malformed = post(b'{"id": "bad-1", "verb": ')
    check.equal(malformed.status, 400, "malformed JSON")
    check.is_true(malformed.code and malformed.json["error"]["message"], "a code and a message", malformed)
    for changed, path in (({"verb": 7}, "$.verb"), ({"target": "moon"}, "$.target"), ({"extra": 1}, "$.extra"),
                          ({"args": {"grace_s": "long"}}, "$.args.grace_s"), ({"args": {"colour": 1}}, "$.args.colour"),
                          ({"id": "no blanks"}, "$.id"), ({"reason": "two\nlines"}, "$.reason"),
                          ({"target": None}, "$.target")):
        reply = post({**command, **changed})
        check.equal((reply.status, reply.json["error"].get("path")), (400, path), f"{changed}: {reply}")
    unknown = post({**command, "verb": "explode"})
    check.is_true(unknown.status in (400, 409) and unknown.code == "unknown_verb", "an unknown verb", unknown)
    check.refused(post({**command, "id": "bad-2", "target": "workload:nobody"}), "unknown_workload")
    check.refused(post({**command, "id": "bad-3", "generation": 3}), "generation_not_allowed")
    check.equal(post(command, Origin="http://evil.example").status, 403, "an Origin")
    check.equal(post(command, Origin="null").status, 403, "the Origin null")
    check.equal(post(command, Content_Type="text/plain").status, 415, "a form's content type")
    check.is_true(post(command, Host="evil.example").status >= 400, "another Host")
    reading = node.api("GET", "/v1/status", headers={"Origin": "http://evil.example"})
    check.equal(reading.status, 403, "reading with an Origin")
    check.equal(node.api("GET", "/nothing").status, 404, "no such route")
    check.is_true(node.api("DELETE", "/v1/commands").status in (404, 405), "no such method")
    check.equal(node.api("GET", "/v1/commands/bad-1").status, 404, "it never was a command")
    check.same_run(before, node.container())
