"""The day on which the node's key in the tailnet expires stands in status, report and metrics, and two weeks ahead an event
and doctor warn of it; a key that does not expire is not spoken of."""
import datetime

from lib import check
from tailnet_lib.grants import CONTROL, NODE, grant, policy, verbs
from tailnet_lib.rig import API_PORT

FAR_DAYS, NEAR_DAYS = 40, 10


def run(rig):
    vm, control = rig.members(policy(grant(CONTROL, NODE, verbs("read"))), "vm", "control")
    node = rig.node_on(vm)
    node.start()
    rig.open_on(node, vm.ip4, f"[{vm.ip6}]")

    def told():
        return node.status()["tailnet_facts"].get("key_expiry") or ""

    def metric():
        lines = control.call(vm.ip4, API_PORT, "GET", "/metrics").text.splitlines()
        return [line for line in lines if line.startswith("aura_tailnet_key_expiry_timestamp_seconds")]

    check.equal((told(), metric()), ("", []), "a key that does not expire")
    for days, warns in ((FAR_DAYS, False), (NEAR_DAYS, True)):
        day = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
        rig.tailnet.expire_node("vm", day.strftime("%Y-%m-%dT%H:%M:%SZ"))
        rig.until(lambda day=day: told().startswith(f"{day:%Y-%m-%d}"), 20, f"{days} days ahead the day is told", told)
        check.contains(node.cli("status").stdout, f"{day:%Y-%m-%d}", "the day in status")
        check.is_true(abs(float(metric()[0].split()[-1]) - day.timestamp()) < 2, "the day in the metrics", metric())
        check.equal(len(node.events("tailnet_key_expiring")), int(warns), f"warnings {days} days ahead")
        check.equal("expires" in doctor(node), warns, f"doctor {days} days ahead: {doctor(node)}")
    check.equal(control.call(vm.ip4, API_PORT, "GET", "/v1/status").status, 200, "until then all is well")


def doctor(node):
    lines = node.cli("doctor", *node.flags()).stdout.splitlines()
    return "\n".join(line for line in lines if line[6:].startswith("tailnet"))
