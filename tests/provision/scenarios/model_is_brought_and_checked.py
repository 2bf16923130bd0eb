"""A model whose transfer breaks off goes on where it was; one with another checksum is removed and its server never declared."""
import hashlib
import http.server
import os
import threading

from lib import check
from provision_lib import usual

ABOUT_S = 80
DEADLINE_S = 300
SIZE = 600_000
BREAK_AT = 200_000


class Model:
    """Serves bytes with ranges. The first answer ends after BREAK_AT of them."""

    def __init__(self, address):
        self.content = b"GGUF" + os.urandom(SIZE - 4)
        self.ranges = []
        model = self

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                begin = int((self.headers.get("Range") or "bytes=0-").split("=")[1].split("-")[0])
                model.ranges.append(begin)
                self.send_response(206 if begin else 200)
                self.send_header("Content-Length", str(SIZE - begin))
                if begin:
                    self.send_header("Content-Range", f"bytes {begin}-{SIZE - 1}/{SIZE}")
                self.end_headers()
                end = BREAK_AT if len(model.ranges) == 1 else SIZE
                self.wfile.write(model.content[begin:end])
                self.close_connection = True

            def log_message(self, *_):
                """Nobody reads it."""

        self.server = http.server.ThreadingHTTPServer((address, 0), Answer)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def sum(self):
        return hashlib.sha256(self.content).hexdigest()

    def url(self):
        return "http://{}:{}/model.gguf".format(*self.server.server_address)


def run(rig):
    host = rig.fresh("deb12", tailnet=False)
    gateway = rig.docker.inspect(host.machine.container)["NetworkSettings"]["Networks"]["bridge"]["Gateway"]
    model = Model(gateway)
    operator = rig.operator(host)
    usual.alone(rig, operator)
    serve = "while :; do sleep 60 & wait $!; done"
    command = {"entrypoint": ["/bin/sh", "-c", f"trap 'exit 0' TERM; mkdir /tmp/w; echo ok >/tmp/w/health; httpd -p 8080 -h /tmp/w; {serve}"]}
    operator.set(copilot_enabled=True, copilot_api_key="k" * 32, copilot_minimum_ram_mb=1, copilot_image=rig.docker.image,
                 copilot_model_file="model.gguf", copilot_model_url=model.url(), copilot_model_bytes=SIZE, copilot_model_sha256="0" * 64,
                 copilot_model_progress_s=2, copilot_changes={
                     "copilot": {**command, "resources": {"memory": "64MiB"}},
                     "copilot-model": {"entrypoint": ["/bin/sh", "-c", "exit 0"]}})
    rig.fault("the transfer of a model breaks off", "the server closes the connection a third of the way", "it went on from there")
    rig.fault("a model is not the declared file", "another checksum in the inventory", "refused with both, removed, never served")

    play = operator.play("site", check=False)
    check.is_true(play.code != 0, "a model with another checksum was taken")
    check.contains(play.words, f"its checksum is {model.sum}", "why it was refused")
    check.equal(model.ranges, [0, BREAK_AT], "where each answer began")
    machine = host.machine
    check.equal(machine.run("ls", "/srv/copilot/models").stdout, "", "what is left of it")
    check.is_true(not machine.exists("/etc/aura-node/workloads.d/copilot.toml"), "the server was declared")

    operator.set(copilot_model_sha256=model.sum)
    play = operator.play("site")
    check.contains(play.words, f"{SIZE} of {SIZE} bytes (100 %)", "how far it was told to be")
    host.until_state("running", "copilot", seconds=60)
    asked = len(model.ranges)
    usual.nothing_changed(operator.play("site"), host)
    check.equal(len(model.ranges), asked, "how often the model was asked for afterwards")
    model.server.shutdown()
