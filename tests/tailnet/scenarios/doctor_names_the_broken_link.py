"""aura-node doctor says which link to the control plane is broken: its port, its tag, a grant, the switch of the tailnet,
tailscaled itself; with and without the agent; and the metrics tell the state and how the packets go."""
from lib import check
from tailnet_lib.control import PORT
from tailnet_lib.grants import CONTROL, NODE, OTHER, grant, policy, usual, verbs
from tailnet_lib.rig import API_PORT

ABOUT_S = 40


def run(rig):
    vm, control = rig.members(usual(grant(NODE, OTHER, None, [f"tcp:{PORT}"])), "vm", "control")
    plane, node = rig.enrolled_on(vm, control)
    node.declare()
    node.start()
    node.until_running()
    rig.heard(plane, node)

    def doctor():
        """{subject: (level, what it says with the remedy)}"""
        found, subject = {}, ""
        flags = [one for one in node.flags() if one != "daemon"]
        for line in node.cli("doctor", *flags).stdout.splitlines():
            if line[:1].strip():
                level, rest = line[:6].strip(), line[6:]
                subject = rest[:17].strip()
                found[subject] = (level, rest[17:].strip())
            elif subject:
                found[subject] = (found[subject][0], found[subject][1] + " " + line.strip())
        return found

    def says(subject, level, *words):
        def said():
            seen = doctor().get(subject, ("", ""))
            return seen[0] == level and all(word in seen[1] for word in words)
        rig.until(said, 60, f"doctor says {level} of the {subject}: {words}", doctor)

    says("tailnet", "ok", "vm.tn.test", vm.ip4)
    says("control plane", "ok")
    metrics = control.call(vm.ip4, API_PORT, "GET", "/metrics").text
    for wanted in ('state="running"', 'path="direct"', "aura_control_heard{"):
        check.contains(metrics, wanted, "the metrics")

    plane.stop()
    says("control plane", "bad", "connect", control.ip4)
    plane.start()
    rig.until(lambda: node.status()["control"].startswith("ok"), 90, "it is back", lambda: node.status()["control"])
    rig.tailnet.tag_node("control", OTHER)
    says("control plane", "bad", "tag:other", CONTROL)
    node.stop()
    says("control plane", "bad", "tag:other", "expect_tags")
    rig.tailnet.tag_node("control", CONTROL)
    says("control plane", "ok", control.ip4)
    node.start()
    rig.tailnet.policy(policy(grant(OTHER, NODE, verbs("read"))))
    says("control plane", "bad", "no device called control")
    rig.tailnet.policy(usual())
    rig.until(lambda: node.status()["control"].startswith("ok"), 90, "it is back", lambda: node.status()["control"])
    check.equal(vm.tailscale("down").returncode, 0, "tailscale down")
    says("tailnet", "bad", "stopped", "tailscale up")
    vm.stop()
    says("tailnet", "bad", "absent", "systemctl start tailscaled")
    node.stop()
    says("tailnet", "bad", "absent", "systemctl start tailscaled")
