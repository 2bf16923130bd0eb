"""One order, a server with rendered user-data, makes a bare VM a node: its stages are seen in order within 5 s, its workload
runs, nothing secret is left on it, and cloud-init run anew changes nothing."""
import calendar
import re
import time

from lib import check
from provision_lib.first_boot import Order, Watch

ABOUT_S = 90
DEADLINE_S = 420
STAGES = ["provisioning", "networking", "configuring", "running"]
SAID = re.compile(r"^(\S+Z) aura-first-boot: stage (\w+)", re.MULTILINE)
SEEN_WITHIN_S = 5


def run(rig):
    order = Order(rig)
    watch = rig.watch(order)
    host = order.buy(order.render())
    rig.until(lambda: host.machine.run("systemctl", "is-active", "docker", check=False).returncode == 0, 60, "Docker is there")
    host.machine.load_image()
    status, said = order.cloud_init()
    check.equal((status, "status: done" in said), (0, True), f"cloud-init: {said} {order.output()[-2500:]}")
    rig.until(lambda: len(watch.stages()) >= len(STAGES), 10, "all stages are seen", watch.stages)
    in_order_and_in_time(order, watch)
    first = as_a_node(rig, order)
    no_secrets(order)
    metadata_is_blocked(host)
    again(rig, order, first)


def in_order_and_in_time(order, watch):
    seen = watch.stages()
    check.equal([stage for _, stage in seen], STAGES, "the stages")
    happened = {stage: calendar.timegm(time.strptime(at, "%Y-%m-%dT%H:%M:%SZ")) for at, stage in SAID.findall(order.output())}
    late = {stage: round(at - happened[stage], 1) for at, stage in seen if at - happened[stage] > SEEN_WITHIN_S + 1}
    check.equal(late, {}, f"stages that were seen more than {SEEN_WITHIN_S} s late")


def as_a_node(rig, order):
    view = order.control.node(order.node_id)
    check.equal(view["heard"], "ok", "the control plane hears it")
    check.is_true(view.get("device"), "it is bound to its device", view)
    check.equal(rig.tailnet.record(order.node_id)["name"], order.node_id, "its name in the tailnet")
    return order.host.container()


def no_secrets(order):
    check.equal(order.left_secrets(order.key, order.code), [], "files with a secret")
    check.is_true(not order.host.machine.exists("/run/aura-boot/auth-key"), "the key's file is gone")


def metadata_is_blocked(host):
    rules = host.machine.run("nft", "list", "table", "inet", "aura_boot").stdout
    for address in ("169.254.169.254", "fe80::a9fe:a9fe", "fd00:ec2::254"):
        check.contains(rules, address, "the block of the metadata service")
    done = host.machine.run("docker", "run", "--rm", host.docker.image, "nc", "-w", "5", "169.254.169.254", "80", check=False)
    check.contains(done.stdout + done.stderr, "refused", "what a container gets of the metadata service")


def again(rig, order, first):
    machine = order.host.machine
    before = machine.pid
    device = rig.tailnet.record(order.node_id)["id"]
    machine.run("cloud-init", "clean", "--logs", seconds=30)
    machine.run("systemctl", "reboot", check=False)
    order.booted_again(before)
    rig.until(lambda: "Up" in order.output() or "aura-first-boot" in order.output(), 60, "cloud-init runs anew", order.output)
    status, said = order.cloud_init()
    check.equal((status, "status: done" in said), (0, True), f"cloud-init, anew: {said} {order.output()[-2500:]}")
    check.equal(rig.tailnet.record(order.node_id)["id"], device, "its device")
    check.equal(order.host.container()["Id"], first["Id"], "its container")
    kinds = [one["event"]["kind"] for one in order.control.events(order.node_id)]
    check.equal(kinds.count("node_enrolled"), 1, "enrolments")
