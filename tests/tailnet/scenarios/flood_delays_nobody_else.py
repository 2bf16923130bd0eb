"""A peer that floods the node, holds connections open without finishing a request and sends too much is held off by limits,
and delays neither another peer's command nor supervision."""
import threading
import time

from lib import check
from tailnet_lib.grants import CONTROL, NODE, OTHER, grant, policy, verbs
from tailnet_lib.rig import API_PORT

COMMANDS = 10
FLOODERS = 4
SLOW_ONES = 40
SOON_S = 5  # a deadline, far above what it takes; the benchmarks measure
REQUEST_S = 10
ABOUT_S = 40


class Flood:
    """Requests of one peer as fast as they are answered, on several connections, until it is stopped."""

    def __init__(self, member, address, times):
        self.member, self.address = member, address
        self.over = threading.Event()
        self.statuses = {}
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(times)]
        for one in self.threads:
            one.start()

    def run(self):
        while not self.over.is_set():
            connection = self.member.to(self.address, API_PORT, 10)()
            try:
                while not self.over.is_set():
                    connection.request("GET", "/v1/status")
                    status = connection.getresponse()
                    status.read()
                    self.statuses[status.status] = self.statuses.get(status.status, 0) + 1
            except OSError:
                self.over.wait(0.1)  # it was hung up on
            finally:
                connection.close()

    def stop(self):
        self.over.set()
        for one in self.threads:
            one.join(20)


def run(rig):
    rules = policy(grant(CONTROL, NODE, verbs("read", "stop", "start")), grant(OTHER, NODE, verbs("read")))
    vm, control, other = rig.members(rules, "vm", "control", "other")
    node = rig.node_on(vm)
    node.settings["limits"] = {"destructive_per_minute": 1000, "destructive_burst": 1000}
    node.declare(tables="[restart]\npolicy = \"always\"\n")
    node.start()
    node.until_running()
    rig.open_on(node, vm.ip4, f"[{vm.ip6}]")
    address = vm.ip4
    control.ping(vm)
    other.ping(vm)

    began = time.monotonic()
    flood = Flood(other, address, FLOODERS)
    rig.until(lambda: flood.statuses.get(429, 0) > 0, 20, "the flood is told to slow down", lambda: flood.statuses)
    slow = [opened for opened in (half_a_request(other, address) for _ in range(SLOW_ONES)) if opened]
    took_ms = sorted(command(control, address, number) for number in range(COMMANDS))
    print(f"a command while another peer floods, {COMMANDS} times: median {took_ms[COMMANDS // 2]:.1f} ms, "
          f"longest {took_ms[-1]:.1f} ms")
    started = len(node.events("workload_started"))
    rig.docker.kill_main_process(node.until_running()["Id"])
    node.until_event("workload_started", "web", seconds=SOON_S, count=started + 1)
    connections = len(vm.run("ss", "-Htn", "state", "established", "dst", other.ip4).stdout.splitlines())
    check.is_true(connections <= 8, "connections of one peer", connections)
    for one in slow:
        one.settimeout(max(0.1, REQUEST_S + 5 - (time.monotonic() - began)))
        check.equal(is_closed(one), True, "a request that is not finished in time")
    flood.stop()
    check.equal(set(flood.statuses) <= {200, 429}, True, f"the flood's answers: {flood.statuses}")

    headers = {"X-Long": "x" * 9000}
    check.equal(refused(control, address, "GET", "/v1/status", None, headers), True, "headers beyond 8 KiB")
    big = b'{"verb": "stop", "reason": "' + b"x" * 70_000 + b'"}'
    check.equal(refused(control, address, "POST", "/v1/commands", big, {"Content-Type": "application/json"}), True,
                "a body beyond 64 KiB")
    rig.until(lambda: other.call(address, API_PORT, "GET", "/v1/status").status == 200, 20, "the peer is served again")
    rig.fault("a flood and slow requests of one peer", f"{FLOODERS} connections as fast as they can, {SLOW_ONES} half "
              "requests, while another peer's commands run", f"held off by limits; 429 {flood.statuses.get(429, 0)} times")


def half_a_request(member, address):
    """A connection with the beginning of a request; None where it was refused."""
    try:
        opened = member.connect(address, API_PORT, 5)
        opened.sendall(b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        return opened
    except OSError:
        return None


def is_closed(connection):
    """Also where it is answered first, as with 408."""
    try:
        while connection.recv(4096):
            pass
        return True
    except TimeoutError:
        return False
    except OSError:
        return True


def command(member, address, number):
    """How long a stop's acceptance took, in ms; it is started again afterwards."""
    def post(verb, wait_s):
        body = {"id": f"{verb}-{number}", "verb": verb, "target": "workload:web"}
        if verb == "stop":
            body["args"] = {"grace_s": 0}
        return member.call(address, API_PORT, "POST", f"/v1/commands?wait_s={wait_s}", body)
    began = time.monotonic()
    taken = post("stop", 0)
    took_s = time.monotonic() - began
    check.equal(taken.status in (200, 202), True, f"a stop: {taken}")
    check.is_true(took_s < SOON_S, "how long its acceptance took", took_s)
    settled = member.call(address, API_PORT, "GET", f"/v1/commands/stop-{number}?wait_s=20")
    check.equal(settled.json["outcome"]["kind"], "succeeded", f"the stop {settled}")
    done = post("start", 20)
    check.equal(done.status, 200, f"a start: {done}")
    return took_s * 1000


def refused(member, address, *request):
    """By an answer, or by hanging up on it."""
    try:
        return member.call(address, API_PORT, *request).status in (400, 413, 431)
    except OSError:
        return True
