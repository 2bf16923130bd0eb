"""Where packets find no direct way the tailnet's relay carries heartbeats, commands and the API, and status, report and metrics
say that the path is relayed, and through which region."""
from lib import check
from tailnet_lib.grants import usual
from tailnet_lib.rig import API_PORT


def run(rig):
    rig.tailnet.start(usual())
    vm, control = rig.tailnet.machine("vm", "tag:node"), rig.tailnet.machine("control", "tag:aura-control")
    for one, other in ((vm, control), (control, vm)):
        done = one.run("iptables", "-w", "-I", "OUTPUT", "-p", "udp", "-d", other.lan_address, "-j", "DROP")
        check.equal(done.returncode, 0, f"iptables: {done.stderr}")
    rig.tailnet.add(vm, control)
    plane, node = rig.enrolled_on(vm, control)
    node.declare()
    node.start()
    node.until_running()
    rig.heard(plane, node)

    def facts():
        return node.status()["tailnet_facts"]
    rig.until(lambda: facts()["control_path"] == "relayed", 20, "the path in status", facts)
    check.equal(facts()["control_via"], "test", "the relay's region")
    check.contains(node.cli("status").stdout, "relayed through test", "the path for people")
    check.contains(control.call(vm.ip4, API_PORT, "GET", "/metrics").text, 'path="relayed"', "the path in the metrics")
    done = plane.outcome(node.id, "stop", "workload:web", args={"grace_s": 0})
    check.equal(done["kind"], "succeeded", "a command")
    rig.until(lambda: plane.node(node.id)["report"]["tailnet_facts"].get("control_path") == "relayed", 20,
              "the path in the report", lambda: plane.node(node.id)["report"]["tailnet_facts"])
