"""Whatever a control plane answers, or does not, workloads go on, memory stays bounded, no redirect is followed, and the
node is back by itself."""
import subprocess
import time

from lib import check
from lib.scripted_control import ScriptedControl

DEADLINE_S = 240
ABOUT_S = 80
FAILED_BEATS = 2
MEMORY_KIB = 4096  # what one bounded answer may cost, and what the allocator keeps of it
HUGE = 10 << 20
FLAPS = 5


def html(handler):
    handler.answer(200, "text/html", b"<html><body>Please log in to the guest network.</body></html>")


def gateway(handler):
    handler.answer(502, "text/html", b"<html><body><h1>502 Bad Gateway</h1></body></html>")


def nonsense(handler):
    handler.answer(200, "application/json", b'{"server_time": {"x": []}, "next_heartbeat_s": -3, "commands": "all"}')


def huge(handler):
    handler.answer(200, "application/json", b'{"server_time": "' + b"x" * HUGE + b'"}')


def hangs_up(handler):
    handler.connection.close()


def drips(handler):
    """A byte a second, for longer than anybody should wait."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(60):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(1)


def run(rig):
    other = ScriptedControl()
    plane = ScriptedControl()
    plane.want("running", 1)
    node = rig.node(control=plane)
    node.declare()
    node.start()
    before = node.until_running()
    rig.until(lambda: plane.count() >= 3, 20, "it is enrolled and heard")
    memory = dirty_kib(node)

    def redirect(handler):
        handler.answer(307, "text/plain", b"", Location=other.url + handler.path)

    ways = [
        ("a proxy answers in place of the control plane", "200 with HTML", html),
        ("a proxy answers in place of the control plane", "502 with HTML", gateway),
        ("the control plane answers nonsense", "200 with JSON of another form", nonsense),
        ("the control plane answers nonsense", "200 with a body of 10 MB", huge),
        ("the control plane answers nonsense", "the connection closed without an answer", hangs_up),
        ("the control plane answers nonsense", "a redirect to another server", redirect),
        ("the control plane answers very slowly", "one byte a second", drips),
    ]
    for fault, how, misbehave in ways:
        said = rig.fault(fault, how, times=0)
        plane.misbehaved = 0
        plane.misbehave = misbehave
        enough = 1 if misbehave is drips else FAILED_BEATS
        rig.until(lambda: plane.misbehaved >= enough, 60, f"{how}: heartbeats that fail", node.status)
        rig.until(lambda: "away" in node.status()["control"], 30, f"{how}: it is told", node.status)
        said.times = plane.misbehaved
        back(rig, node, plane)
        said.observed = "told as away, workload untouched, heard again by itself"
    check.equal((other.count(), other.enrolments), (0, []), "what came to the server redirected to")
    refused(rig, node, plane)
    check.same_run(before, node.until_running())
    check.equal(node.events("workload_exited"), [], "ends told")
    grown = dirty_kib(node) - memory
    check.is_true(grown < MEMORY_KIB, "memory stays bounded", f"{grown} KiB more")
    self_signed(rig)


def back(rig, node, plane):
    plane.misbehave = None
    beats = plane.count()
    rig.until(lambda: plane.count() > beats, 60, "heard again", node.status)
    rig.until(lambda: "ok" in node.status()["control"], 10, "and it says so", node.status)


def refused(rig, node, plane):
    said = rig.fault("the control plane comes and goes", "its port closed for seconds, again and again", times=FLAPS)
    for _ in range(FLAPS):
        plane.close()
        rig.until(lambda: "away" in node.status()["control"], 30, "it is away", node.status)
        plane.listen()
        back(rig, node, plane)
    check.no_gaps([event["seq"] for event in plane.events], "the numbers of the events")
    said.observed = "no event lost or doubled, workload untouched"


def self_signed(rig):
    """Nothing is told to a control plane whose certificate nobody vouches for."""
    rig.fault("the control plane's certificate is not to be trusted", "https with a self-signed certificate",
              "refused before anything is sent, workload untouched")
    paths = [f"{rig.dir}/plane.{end}" for end in ("crt", "key")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1]],
                   check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30)
    plane = ScriptedControl(tls=paths)
    node = rig.node("stranger", control=plane)
    node.give_code("a code that only the right one may have")
    node.declare()
    node.start()
    # Fresh, and without a decision of its control plane: an operator says that it may start.
    check.equal(node.outcome("start")["kind"], "succeeded", "a local start")
    node.until_running()
    rig.until(lambda: "certificate" in node.status()["control"].lower(), 20, "it is told", node.status)
    check.equal((plane.enrolments, plane.count()), ([], 0), "what the stranger heard")


def dirty_kib(node):
    with open(f"/proc/{node.process.pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Private_Dirty:"))
