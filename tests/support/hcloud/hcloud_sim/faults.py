"""What a test can order, at POST /_test/…, with the same token:

  faults      {"method", "path", "code", "times"}: the next calls that fit are refused with that code; path is a prefix, /v1/servers
  actions     {"command", "seconds", "code", "times"}: the next actions of that kind take so long, and fail where a code is given
  rate_limit  {"remaining"}: so many requests are left now
  shutdown    {"lost": N}: the next N shutdown and reboot signals do not reach their server
  overlay     {"files": {PATH: TEXT}, "remove": [PATH]}: what the image of servers made from now on has, or lacks

and GET /_test/servers: {"servers": [{"id", "name", "container", "pid", "address"}]}.
"""
import math
import threading
import time

HOURLY = 3600
PER_S = 1


class Limit:
    """3,600 requests at once, one more each second."""

    def __init__(self, clock=time.monotonic):
        self.clock = clock
        self.lock = threading.Lock()
        self.left = float(HOURLY)
        self.seen_s = clock()

    def set(self, left):
        with self.lock:
            self.left, self.seen_s = float(left), self.clock()

    def take(self):
        """(whether there was one, the headers)."""
        with self.lock:
            now_s = self.clock()
            self.left = min(HOURLY, self.left + (now_s - self.seen_s) * PER_S)
            self.seen_s = now_s
            good = self.left >= 1
            if good:
                self.left -= 1
            full_s = math.ceil((HOURLY - self.left) / PER_S)
            return good, {"RateLimit-Limit": str(HOURLY), "RateLimit-Remaining": str(int(self.left)),
                          "RateLimit-Reset": str(int(time.time()) + full_s)}


class Faults:
    def __init__(self):
        self.lock = threading.Lock()
        self.limit = Limit()
        self.calls = []
        self.actions = []
        self.lost_signals = 0
        self.overlay = {"files": {}, "remove": []}

    def order(self, kind, body):
        with self.lock:
            if kind == "faults":
                self.calls.append({"times": 1, "method": "GET", "path": "/v1/", **body})
            elif kind == "actions":
                self.actions.append({"times": 1, "seconds": 0, "code": None, **body})
            elif kind == "rate_limit":
                self.limit.set(body["remaining"])
            elif kind == "shutdown":
                self.lost_signals = body["lost"]
            elif kind == "overlay":
                self.overlay = {"files": body.get("files", {}), "remove": body.get("remove", [])}
            else:
                return False
            return True

    def of_call(self, method, path):
        """The code that this call is to be refused with, if any."""
        with self.lock:
            for one in self.calls:
                if one["times"] > 0 and one["method"] == method and path.startswith(one["path"]):
                    one["times"] -= 1
                    return one["code"]
        return None

    def of_action(self, command):
        """(seconds, code)"""
        with self.lock:
            for one in self.actions:
                if one["times"] > 0 and one["command"] == command:
                    one["times"] -= 1
                    return one["seconds"], one["code"]
        return 0, None

    def loses_signal(self):
        with self.lock:
            if self.lost_signals <= 0:
                return False
            self.lost_signals -= 1
            return True
