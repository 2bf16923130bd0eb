"""The profile copilot: the server waits for its model, which is fetched with its progress told, over a line that breaks, and
checked; it is warmed up with small settings before it is ready; the kernel is told to spare it."""
import hashlib
import http.server
import os
import re
import threading

from lib import check, profiles

STANDIN = True
ABOUT_S = 25
BYTES = 6 << 20
RATE = 2 << 20      # bytes a second, so that there is progress to be told
BREAKS_AT = 3 << 20
KEY = "planted-c0ffee-api-key"
MODEL = b"GGUF" + hashlib.shake_256(b"model").digest(BYTES - 4)


def run(rig):
    node = rig.node()
    node.write_credential("copilot-api-key", KEY)
    line = Line(rig)
    try:
        profiles.lay_down(node, "copilot")
        profiles.stand_in(node, "copilot-model")
        profiles.stand_in(node, "copilot", ready_ms=1500)
        point_at(node, line.url)
        oom_score_adj = spared(node)
        node.start()
        model_is_fetched(rig, node, line)
        server_is_warmed_up(rig, node)
        with open(f"/proc/{rig.docker.pid(node.container('copilot')['Id'])}/oom_score_adj", encoding="utf-8") as file:
            check.equal(int(file.read()), oom_score_adj, "oom_score_adj as the kernel has it")
        again_fetches_nothing(node, line)
        changed_model_is_refused(node)
    finally:
        line.close()


def point_at(node, url):
    def change(text):
        for key, value in {"URL": url, "BYTES": BYTES, "SHA256": hashlib.sha256(MODEL).hexdigest()}.items():
            text, count = re.subn(rf'^MODEL_{key} = ".*"$', f'MODEL_{key} = "{value}"', text, flags=re.MULTILINE)
            assert count == 1, f"copilot-model has no MODEL_{key}"
        return text
    profiles.edit(node, "copilot-model", change)
    profiles.replace(node, "copilot-model", {'PROGRESS_S = "10"': 'PROGRESS_S = "1"', "backoff_first_ms = 5000": "backoff_first_ms = 500"})


def spared(node):
    """The value of the file. Where this machine lets nobody lower it (containers without CAP_SYS_RESOURCE), its opposite
    takes the same way instead."""
    with open("/proc/self/status", encoding="utf-8") as file:
        held = int(re.search(r"CapEff:\s*(\w+)", file.read()).group(1), 16)
    if held >> 24 & 1:
        return -500
    print("copilot: oom_score_adj = 500 in place of -500, which this machine forbids")
    profiles.replace(node, "copilot", {"oom_score_adj = -500": "oom_score_adj = 500"})
    return 500


def log_of(node, workload):
    return node.cli("logs", workload).stdout


def model_is_fetched(rig, node, line):
    rig.until(lambda: re.search(r"\d+ of 6 MiB \(\d+ %\), \d+ MiB/s", log_of(node, "copilot-model")), 30, "the progress is told",
              lambda: log_of(node, "copilot-model"))
    check.equal(node.events("workload_started", "copilot"), [], "the server waits")
    rig.until(lambda: "checksum is right" in log_of(node, "copilot-model"), 40, "the model is there",
              lambda: log_of(node, "copilot-model"))
    check.is_true(any(begin > 0 for begin in line.begins), "it went on where the line had broken", line.begins)
    conf = node.path("srv", "copilot", "models", "model.conf")
    with open(conf, encoding="utf-8") as file:
        check.contains(file.read(), hashlib.sha256(MODEL).hexdigest(), "model.conf")


def server_is_warmed_up(rig, node):
    container = node.until_running("copilot", seconds=60)
    fetched = node.container("copilot-model")["State"]
    check.equal((fetched["Running"], fetched["ExitCode"]), (False, 0), "the model's workload is done")
    check.is_true(fetched["FinishedAt"] < container["State"]["StartedAt"], "first the model, then the server")
    told = log_of(node, "copilot")
    steps = ["--port 8081 --ctx-size 2048 --threads 2", "listens on port 8081", "POST /completion", "is warm: serving it",
             "listens on port 8080"]
    places = [told.find(step) for step in steps]
    check.is_true(-1 not in places and places == sorted(places), "checked, warmed up, served", told)
    check.is_true(KEY not in told, "the key is told")
    # The port opened only after the warm-up, and the grace took the loading for what it was.
    check.equal(node.workload("copilot")["restarts"], 0, "restarts")
    check.equal(profiles.ask(node, "copilot", "/env/LLAMA_ARG_CTX_SIZE").text, "32768", "the context that is served")
    check.equal(node.workload("copilot")["health"], "healthy", "health")


def again_fetches_nothing(node, line):
    asked = len(line.begins)
    check.equal(node.outcome("restart", "workload:copilot-model", wait_s=60)["kind"], "succeeded", "restart of copilot-model")
    node.until_event("workload_exited", "copilot", seconds=40)
    node.until_running("copilot", seconds=40)
    check.contains(log_of(node, "copilot-model"), "was checked before", "the log")
    check.equal(len(line.begins), asked, "downloads")


def changed_model_is_refused(node):
    os.truncate(node.path("srv", "copilot", "models", "devstralQ4_K_M.gguf"), BYTES - 1)
    check.equal(node.outcome("restart", "workload:copilot")["kind"], "failed", "restart with a changed model")
    failed = node.until_state("failed", "copilot")
    check.contains(failed["reason"], "78", "the reason")
    check.contains(log_of(node, "copilot"), "aura-node restart copilot-model", "the remedy in its log")


class Line:
    """Where the model comes from: slow, and broken off in the middle the first time."""

    def __init__(self, rig):
        self.begins = []  # where each request wanted to begin
        self.server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), self.handler())
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        [bridge] = rig.docker.ok("GET", "/networks/bridge").json["IPAM"]["Config"]
        self.url = f"http://{bridge['Gateway']}:{self.server.server_port}/model.gguf"

    def handler(self):
        line = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                begin = int((re.match(r"bytes=(\d+)-", self.headers.get("Range", "")) or [0, 0])[1])
                line.begins.append(begin)
                self.send_response(206 if begin else 200)
                self.send_header("Content-Length", str(BYTES - begin))
                if begin:
                    self.send_header("Content-Range", f"bytes {begin}-{BYTES - 1}/{BYTES}")
                self.end_headers()
                until = BREAKS_AT if len(line.begins) == 1 else BYTES
                step = RATE // 10
                try:
                    for at in range(begin, until, step):
                        self.wfile.write(MODEL[at:min(at + step, until)])
                        line.paused.wait(0.1)
                except OSError:
                    pass
                self.close_connection = True

            def log_message(self, *_):
                pass

        return Handler

    paused = threading.Event()  # never set: its wait is the line's pace

    def close(self):
        self.server.shutdown()
        self.server.server_close()
