"""A real registry on loopback (package docker-registry), with a login of its own, and a slow line before it."""
import base64
import gzip
import hashlib
import io
import json
import os
import random
import shutil
import socket
import subprocess
import tarfile
import threading
import time
import urllib.error
import urllib.request

from lib.errors import Skip

USER, PASSWORD = "aura", "planted-registry-password-5b1c"
START_S = 20
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Registry:
    """Runs between start and close. With `login` every request needs USER and PASSWORD."""

    def __init__(self, directory, login=False):
        for program in ("docker-registry", "htpasswd"):
            if not shutil.which(program):
                raise Skip(f"{program} is not installed: packaging/install-build-deps --tests")
        os.makedirs(directory)
        self.data = os.path.join(directory, "data")
        self.login = login
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        lines = ["version: 0.1", "storage: {filesystem: {rootdirectory: %s}}" % self.data,
                 "http: {addr: '%s'}" % self.host]
        if login:
            users = os.path.join(directory, "htpasswd")
            made = subprocess.run(["htpasswd", "-iBn", USER], input=PASSWORD, capture_output=True, text=True, check=True)
            with open(users, "w", encoding="utf-8") as file:
                file.write(made.stdout)
            lines.append("auth: {htpasswd: {realm: aura, path: %s}}" % users)
        config = os.path.join(directory, "config.yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        with open(os.path.join(directory, "log"), "wb") as log:
            self.process = subprocess.Popen(["docker-registry", "serve", config], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        deadline = time.monotonic() + START_S
        while self.call("GET", "/v2/")[0] not in (200, 401):
            assert self.process.poll() is None and time.monotonic() < deadline, "the registry does not answer"
            time.sleep(0.05)  # nothing tells that it listens

    def call(self, method, path, body=None, kind="application/octet-stream"):
        """Status and headers; status 0 where nobody listens."""
        url = path if path.startswith("http") else f"http://{self.host}{path}"
        request = urllib.request.Request(url, data=body, method=method, headers={"Content-Type": kind})
        if self.login:
            word = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            request.add_header("Authorization", "Basic " + word)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as reply:
                return reply.status, dict(reply.headers)
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers)
        except OSError:
            return 0, {}

    def upload(self, repository, blob):
        digest = "sha256:" + hashlib.sha256(blob).hexdigest()
        status, headers = self.call("POST", f"/v2/{repository}/blobs/uploads/", b"")
        assert status == 202, f"an upload is answered with {status}"
        place = headers["Location"]
        status, _ = self.call("PUT", f"{place}{'&' if '?' in place else '?'}digest={digest}", blob)
        assert status == 201, f"a blob is answered with {status}"
        return {"size": len(blob), "digest": digest}

    def push(self, repository, tag="1", mib=1, seed=1):
        """A busybox with a file of so much noise: its reference at this registry."""
        layer, diff_id = make_layer(mib, seed)
        return self.publish(repository, tag, self.upload(repository, layer), diff_id)

    def publish(self, repository, tag, layer, diff_id):
        config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/sh"],
                             "Labels": {"dev.aura.test": "1"}},
                             "rootfs": {"type": "layers", "diff_ids": [diff_id]}}).encode()
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST,
                    "config": {"mediaType": CONFIG_TYPE, **self.upload(repository, config)},
                    "layers": [{"mediaType": LAYER_TYPE, **layer}]}
        status, headers = self.call("PUT", f"/v2/{repository}/manifests/{tag}", json.dumps(manifest).encode(), MANIFEST)
        assert status == 201, f"a manifest is answered with {status}"
        self.digest = headers["Docker-Content-Digest"]
        return f"{self.host}/{repository}:{tag}"

    def push_huge(self, repository, bytes_):
        """An image whose layer is a hole of that size: it cannot be pulled to its end, and takes no room here."""
        digest = hashlib.sha256(repository.encode()).hexdigest()
        blob = os.path.join(self.data, "docker/registry/v2/blobs/sha256", digest[:2], digest)
        link = os.path.join(self.data, "docker/registry/v2/repositories", repository, "_layers/sha256", digest)
        for folder in (blob, link):
            os.makedirs(folder)
        with open(os.path.join(blob, "data"), "wb") as file:
            file.truncate(bytes_)
        with open(os.path.join(link, "link"), "w", encoding="utf-8") as file:
            file.write("sha256:" + digest)
        return self.publish(repository, "1", {"size": bytes_, "digest": "sha256:" + digest}, "sha256:" + digest)

    def credential(self, password=PASSWORD):
        return json.dumps({"username": USER, "password": password})

    def close(self):
        self.process.terminate()
        self.process.wait(20)


def make_layer(mib, seed):
    """The gzip of a tar, and the digest of the tar."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for folder in ("bin", "dev", "etc", "proc", "sys", "tmp", "run"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        with open(shutil.which("busybox"), "rb") as file:
            add(tar, "bin/busybox", file.read(), 0o755)
        for name in ("sh", "sleep", "cat", "echo"):
            entry = tarfile.TarInfo("bin/" + name)
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(entry)
        add(tar, "noise", random.Random(seed).randbytes(mib << 20), 0o644)
    text = plain.getvalue()
    return gzip.compress(text, 1, mtime=0), "sha256:" + hashlib.sha256(text).hexdigest()


def add(tar, name, content, mode):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))


class SlowLine:
    """TCP before the registry: so many bytes a second come through from it, none at all while it hangs."""

    def __init__(self, target, bytes_per_s):
        self.target = target
        self.bytes_per_s = bytes_per_s
        self.open = threading.Event()
        self.open.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def reference(self, at_registry):
        """That image, through this line."""
        return self.host + at_registry[at_registry.index("/"):]

    def hang(self):
        self.open.clear()

    def go_on(self, bytes_per_s=None):
        self.bytes_per_s = bytes_per_s or self.bytes_per_s
        self.open.set()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            registry = socket.create_connection(("127.0.0.1", self.target))
            threading.Thread(target=self.move, args=(client, registry, False), daemon=True).start()
            threading.Thread(target=self.move, args=(registry, client, True), daemon=True).start()

    def move(self, source, sink, slowly):
        try:
            while data := source.recv(16384):
                if slowly:
                    self.open.wait()
                    time.sleep(len(data) / self.bytes_per_s)  # the slowness itself
                sink.sendall(data)
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.open.set()
        self.listener.close()
