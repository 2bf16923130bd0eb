"""A command pushed over a real tailnet, alone and while another peer floods the node."""
import os
import threading

from measure import commands, engine

from lib import netns
from tailnet_lib import grants
from tailnet_lib.tailnet import Tailnet

API_PORT = 9414
TARGET_MS = 25
FLOOD = b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n"
SLOW = b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
FLOODERS, SLOW_ONES = 4, 4   # connections; the node takes 8 of a device


class Flood:
    """One peer that asks as fast as it can on some connections and trickles on the others, until it is stopped."""

    def __init__(self, member, address):
        self.member, self.address = member, address
        self.over = threading.Event()
        kinds = [self.flood] * FLOODERS + [self.trickle] * SLOW_ONES
        self.threads = [threading.Thread(target=self.again, args=(kind,), daemon=True) for kind in kinds]
        for thread in self.threads:
            thread.start()

    def again(self, kind):
        while not self.over.is_set():
            try:
                with netns.connect(self.member.namespace, self.address, API_PORT, 5) as connection:
                    kind(connection)
            except OSError:
                self.over.wait(0.05)

    def flood(self, connection):
        while not self.over.is_set():
            connection.sendall(FLOOD)
            if not connection.recv(65536):
                return

    def trickle(self, connection):
        connection.sendall(SLOW)
        while not self.over.wait(0.5):
            connection.sendall(b"x")

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join(10)


def overlay(rig, size):
    tailnet = Tailnet(os.path.join(rig.dir, "tailnet"), rig.log_dir, os.path.join(rig.dir, "namespaces"))
    try:
        yield from measured(rig, size, tailnet)
    finally:
        tailnet.clear()


def measured(rig, size, tailnet):
    tailnet.start(grants.usual(grants.grant(grants.OTHER, grants.NODE, None, [f"tcp:{API_PORT}"])))
    vm, control, other = (tailnet.machine(name, tags=tag) for name, tag in
                          (("vm", grants.NODE), ("control", grants.CONTROL), ("other", grants.OTHER)))
    tailnet.add(vm, control, other)
    rig.events()
    relay = rig.relay()
    node = rig.node()
    node.wrapper = vm.prefix
    node.settings["docker"]["socket"] = relay.path
    node.settings["api"] = {"listen": "tailnet", "port": API_PORT}
    node.settings["tailscale"] = {"socket": vm.socket}
    node.declare("web", tables=commands.GRACE)
    node.start()
    address = vm.ip4
    rig.until(lambda: address in node.status()["tailnet_facts"]["listening"], 20, "the API is open on the tailnet")
    control.ping(vm)
    count = iter(range(1_000_000))

    def send_stop():
        body = {"id": f"bench-{rig.id}-{next(count)}", "verb": "stop", "target": "workload:web"}
        call = engine.Prepared(control.to(address, API_PORT), "POST", "/v1/commands", body)
        sent_ns = call.send()
        call.ok()
        return sent_ns

    def run():
        return commands.alternate(rig, size, node, send_stop, lambda: node.outcome("start", "workload:web"))

    yield commands.row("tailnet", "command pushed over a real tailnet → container stop begins", *run(), TARGET_MS)
    other.ping(vm)
    flood = Flood(other, address)
    try:
        yield commands.row("tailnet, flood", f"the same while another peer floods on {FLOODERS} connections and trickles on "
                           f"{SLOW_ONES}", *run(), TARGET_MS)
    finally:
        flood.stop()
