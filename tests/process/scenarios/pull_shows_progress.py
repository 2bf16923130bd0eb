"""A slow pull shows bytes, rate and an estimate in status and on the terminal; two commands share it; a cancelled one
ends in Docker; the agent killed in the middle goes on with it; other workloads are supervised all the time."""
from lib import check

SLOW = 1 << 20


def run(rig):
    registry = rig.registry()
    line = rig.slow_line(registry, SLOW)
    big = rig.will_pull(line.reference(registry.push("big", mib=48, seed=1)))
    other = rig.will_pull(line.reference(registry.push("other", mib=48, seed=2)))
    node = rig.node()
    node.declare("web")
    node.start()
    before = node.until_running()

    first = node.command("pull", "image:" + big, wait_s=0, id="p-1")
    node.command("pull", "image:" + big, wait_s=0, id="p-2")
    check.equal(first.status, 202, "the pull is taken")

    def moving():
        pulls = node.api("GET", "/v1/status").json.get("pulls", [])
        return len(pulls) == 1 and pulls[0].get("left_s") and pulls[0]
    seen = rig.until(moving, 30, "the pull moves", lambda: node.api("GET", "/v1/status").text)
    check.equal(seen["image"], big, "one pull for both commands")
    check.is_true(seen["total_bytes"] > 48 << 20, f"the size is known: {seen}")
    check.is_true(SLOW / 4 < seen["rate_bytes_per_s"] < SLOW * 4, f"the rate is about that of the line: {seen}")
    check.contains(node.cli("status").stdout, "left", "the estimate on the terminal")
    node.docker.kill_main_process(before["Id"])
    rig.until(lambda: node.docker.inspect(before["Id"])["State"]["StartedAt"] != before["State"]["StartedAt"], 5,
              "a crashed workload is back while the pull goes on")

    node.command("pull", "image:" + other, wait_s=0, id="p-3")
    rig.until(lambda: len(node.api("GET", "/v1/status").json.get("pulls", [])) == 2, 20, "both pulls are under way")
    check.equal(node.cli("cancel", "p-3").returncode, 0, "cancel")
    check.equal(node.api("GET", "/v1/commands/p-3").json["outcome"]["kind"], "cancelled", "its outcome")
    rig.until(lambda: [one["image"] for one in node.api("GET", "/v1/status").json.get("pulls", [])] == [big], 10,
              "the cancelled pull has ended, the other goes on")

    node.kill()
    node.start()
    rig.until(moving, 30, "the pull goes on after the agent's restart", lambda: node.api("GET", "/v1/status").text)
    line.go_on(200 << 20)
    for one in ("p-1", "p-2"):
        rig.until(lambda: node.api("GET", f"/v1/commands/{one}").json.get("outcome"), 60, f"{one} has ended")
        check.equal(node.api("GET", f"/v1/commands/{one}").json["outcome"]["kind"], "succeeded", one)
    check.equal(node.docker.call("GET", f"/images/{big}/json").status, 200, "the image is here")
    check.equal(node.docker.call("GET", f"/images/{other}/json").status, 404, "the cancelled one is not")
