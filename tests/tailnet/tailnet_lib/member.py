"""A machine of a tailnet: a network namespace with tailscaled in it."""
import json
import os
import signal
import subprocess
import urllib.parse

from lib import http, netns
from lib.node import read

JOIN_S = 60
PING_S = 2
LOCAL_API = {"Host": "local-tailscaled.sock"}  # the one that tailscaled takes
SOCKS_PORT = 1055
# No contact with anybody's servers, and DERP without TLS.
ENVIRONMENT = {"TS_DEBUG_USE_DERP_HTTP": "1", "TS_DISABLE_PORTMAPPER": "1", "TS_PANIC_IF_HIT_MAIN_CONTROL": "1",
               "TS_NO_LOGS_NO_SUPPORT": "true", "TS_ASSUME_NETWORK_UP_FOR_TEST": "1"}


class Member:
    def __init__(self, tailnet, name, tags, user, userspace):
        self.tailnet = tailnet
        self.name = name
        self.tags = [tags] if isinstance(tags, str) else list(tags)
        self.user = user
        self.userspace = userspace
        self.dir = os.path.join(tailnet.dir, name)
        os.makedirs(self.dir)
        self.socket = os.path.join(self.dir, "s.sock")
        self.namespace, self.lan_address = tailnet.attach(name)
        self.process = None
        self.joining = None

    # -- tailscaled ---------------------------------------------------------------------------------------------------

    def start(self, wait=True):
        """tailscaled only; it remembers where it had joined."""
        tun = ["--tun=tailscale0"]
        if self.userspace:
            tun = ["--tun=userspace-networking", f"--socks5-server=127.0.0.1:{SOCKS_PORT}"]
        self.process = self.tailnet.spawn(
            self.namespace, "tailscaled-" + self.name,
            ["tailscaled", *tun, f"--statedir={self.dir}", f"--socket={self.socket}", "--port=0",
             "--no-logs-no-support"], {**ENVIRONMENT, "TS_LOGS_DIR": self.dir})
        self.tailnet.until(self.listens, JOIN_S, f"tailscaled of {self.name} answers")
        if wait:
            self.until_backend("Running")

    def listens(self):
        assert self.process.poll() is None, f"tailscaled of {self.name} ended: {self.log()[-1500:]}"
        try:
            return self.local("GET", "status?peers=false").status == 200
        except OSError:
            return False

    def stop(self, number=signal.SIGTERM):
        process, self.process = self.process, None
        self.tailnet.end(process, number)

    def kill(self):
        self.stop(signal.SIGKILL)

    def log(self):
        return read(os.path.join(self.tailnet.log_dir, f"tailscaled-{self.name}.log"))

    def begin_to_join(self, *more):
        if self.process is None:
            self.start(wait=False)
        key = self.tailnet.key(self.tags, self.user)
        command = self.tailscale_command(
            "up", f"--login-server={self.tailnet.login_server}", f"--auth-key={key}", f"--hostname={self.name}",
            "--accept-dns=false", f"--timeout={JOIN_S}s", *more)
        self.joining = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)

    def join_again(self):
        """Logs in anew with a new key, as after `tailscale up --force-reauth`."""
        self.begin_to_join("--force-reauth")
        self.until_joined()
        self.until_backend("Running")

    def until_joined(self):
        said = self.joining.communicate(timeout=JOIN_S + 10)[0]
        assert self.joining.returncode == 0, f"{self.name} could not join: {said}"

    def knows_the_way(self):
        """A packet to a peer whose relay is not known yet is lost, and WireGuard tries again only after 5 s."""
        seen = self.status()
        return seen["Self"]["Relay"] and all(one["Relay"] for one in (seen.get("Peer") or {}).values() if one["Online"])

    def tailscale_command(self, *arguments):
        return [os.path.join(self.tailnet.programs, "tailscale"), f"--socket={self.socket}", *arguments]

    def tailscale(self, *arguments, timeout_s=30):
        return subprocess.run(self.tailscale_command(*arguments), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=timeout_s, check=False)

    # -- the LocalAPI -------------------------------------------------------------------------------------------------

    def local(self, method, path, body=None, timeout_s=http.CALL_S):
        def connect():
            return http.UnixConnection(self.socket, timeout_s)
        return http.call(connect, method, "/localapi/v0/" + path, body, LOCAL_API)

    def status(self):
        return self.local("GET", "status").json

    def until_backend(self, state, seconds=JOIN_S):
        self.tailnet.until(lambda: self.status()["BackendState"] == state, seconds, f"{self.name} is {state}",
                           lambda: self.status()["BackendState"])

    def whois(self, address, proto="tcp"):
        """The answer: 200 with Node, UserProfile and CapMap, or 404."""
        return self.local("GET", f"whois?addr={urllib.parse.quote(address)}&proto={proto}")

    def capabilities(self, other, name):
        """The values of a capability that `other` has here; None where whois does not name it."""
        return (self.whois(f"{other.ip4}:1").json["CapMap"] or {}).get(name)

    def bus(self, mask):
        """Its messages as lines of JSON, from now on."""
        path = f"/localapi/v0/watch-ipn-bus?mask={mask}"
        return http.Stream(lambda: http.UnixConnection(self.socket), path, LOCAL_API["Host"])

    @property
    def ip4(self):
        return self.addresses()[0]

    @property
    def ip6(self):
        return self.addresses()[1]

    def addresses(self):
        return self.status()["TailscaleIPs"]

    @property
    def stable_id(self):
        return self.status()["Self"]["ID"]

    # -- programs and sockets in it -----------------------------------------------------------------------------------

    @property
    def prefix(self):
        return netns.prefix(self.namespace)

    def run(self, *command, timeout_s=40):
        return subprocess.run([*self.prefix, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=timeout_s, check=False)

    def connect(self, address, port, timeout_s=10):
        return netns.connect(self.namespace, address, port, timeout_s)

    def ping(self, other):
        """Until a packet comes through; the first ones may wait for the two to find each other."""
        self.tailnet.until(lambda: self.ping_once(other), JOIN_S, f"{self.name} reaches {other.name}")

    def ping_once(self, other):
        """One packet and its answer; either may be lost."""
        try:
            return self.local("POST", f"ping?ip={other.ip4}&type=TSMP", timeout_s=PING_S).json.get("Err") == ""
        except TimeoutError:
            return False

    # -- as a caller of ours ------------------------------------------------------------------------------------------

    def to(self, address, port, timeout_s=http.CALL_S):
        """For http.call and http.Stream: connections from here to there."""
        return netns.to(self.namespace, address, port, timeout_s)

    def call(self, address, port, method, path, body=None, headers=None):
        return http.call(self.to(address, port), method, path, body, headers)
