"""tailscaled is asked once for each peer in 10 s and after a change on its bus, however many requests come; in userspace mode
once for each connection."""
import os
import time

from lib import check
from lib.docker_proxy import DockerProxy
from tailnet_lib.grants import CONTROL, NODE, OTHER, grant, policy, verbs
from tailnet_lib.rig import API_PORT

REQUESTS = 50
CACHED_S = 10
ABOUT_S = 35


def run(rig):
    rules = policy(grant(CONTROL, NODE, verbs("read")), grant(OTHER, NODE, verbs("read")))
    vm, loop, control, other = rig.members(rules, "vm", "loop", "control", "other", loop={"tags": NODE, "userspace": True})
    proxies = {one: DockerProxy(os.path.join(rig.dir, one.name + ".sock"), one.socket) for one in (vm, loop)}
    for one, proxy in proxies.items():
        node = rig.node_on(one, one.name)
        node.settings["tailscale"]["socket"] = proxy.path
        node.start()
        rig.until(lambda node=node: node.status()["tailnet"].startswith("ok"), 20, "tailscaled is known")
    rig.until(lambda: reaches(control, vm) and reaches(control, loop), 20, "the peers come through")

    def asked(one, action):
        """How often whois was asked while `action` went on, and for how long it did."""
        before, began = proxies[one].count("/whois?"), time.monotonic()
        action()
        return proxies[one].count("/whois?") - before, time.monotonic() - began

    def many(peer, one):
        for _ in range(REQUESTS):
            check.equal(reaches(peer, one), True, "a request")

    # The bus speaks for a while after machines have joined, and each word of it is a reason to ask again.
    def seldom():
        count, took_s = asked(vm, lambda: (many(control, vm), many(other, vm)))
        return count <= 2 * (1 + took_s // CACHED_S)
    rig.until(seldom, 30, "at most one whois call for each of two peers")
    rig.tailnet.policy(policy(grant(CONTROL, NODE, verbs("read", "logs")), grant(OTHER, NODE, verbs("read"))))
    rig.until(lambda: asked(vm, lambda: reaches(control, vm))[0] > 0, 5, "it is asked again after a change")

    connection = control.to(loop.ip4, API_PORT)()

    def on_one_connection():
        for _ in range(REQUESTS):
            connection.request("GET", "/v1/status")
            check.equal(connection.getresponse().read()[:1], b"{", "an answer")

    rig.until(lambda: asked(loop, on_one_connection)[0] <= 1, 20, "at most one whois call for one connection")
    connection.close()


def reaches(peer, one):
    return peer.call(one.ip4, API_PORT, "GET", "/v1/status").status == 200
