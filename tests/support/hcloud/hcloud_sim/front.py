"""The HTTP side: who may ask, how often, and which call it is."""
import hmac
import json
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from hcloud_sim import shapes
from hcloud_sim.problem import Problem

MAX_BODY = 1 << 20


class Front(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, cloud, port, token):
        super().__init__(("127.0.0.1", port), Handler)
        self.cloud = cloud
        self.token = token

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, *_):
        pass

    def do_GET(self):  # noqa: N802 - http.server calls it so
        self.serve()

    do_POST = do_DELETE = do_PUT = do_GET

    def serve(self):
        headers = {}
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MAX_BODY))
        try:
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            if not hmac.compare_digest(token.encode(), self.server.token.encode()):
                raise Problem("unauthorized", "unable to authenticate")
            url = urllib.parse.urlsplit(self.path)
            faults = self.server.cloud.faults
            if not url.path.startswith("/_test/"):
                good, headers = faults.limit.take()
                if not good:
                    raise Problem("rate_limit_exceeded", "API rate limit of 3600 requests per hour exceeded")
                code = faults.of_call(self.command, url.path)
                if code:
                    raise Problem(code, f"a test has ordered {code}")
            try:
                value = json.loads(body) if body else {}
            except ValueError:
                raise Problem("json_error", "the body is not JSON") from None
            status, answer = self.route(url.path.strip("/").split("/"), urllib.parse.parse_qs(url.query), value)
        except Problem as why:
            status, answer = why.status, why.body()
        except AssertionError as why:  # Docker
            status, answer = 500, {"error": {"code": "server_error", "message": str(why)[:500], "details": None}}
        data = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if answer is not None:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def route(self, path, query, body):
        """(status, answer)"""
        cloud = self.server.cloud
        match [self.command, *path]:
            case ["GET", "_test", "servers"]:
                return 200, {"servers": [inside(one) for one in list(cloud.servers.values()) if one["box"]]}
            case ["POST", "_test", kind] if cloud.faults.order(kind, body):
                return 204, None
            case ["GET", "v1", "servers" | "volumes" | "ssh_keys" as kind]:
                return 200, self.listed(kind, query)
            case ["GET", "v1", "actions"]:
                numbers = [number(one) for one in query.get("id", [])]
                if not numbers:
                    raise Problem("invalid_input", "the ids of the actions are required")
                found = [cloud.actions.all[one].shape() for one in numbers if one in cloud.actions.all]
                return 200, shapes.page_of("actions", found, query)
            case ["GET", "v1", "actions", one]:
                return 200, {"action": cloud.actions.get(number(one)).shape()}
            case ["POST", "v1", "servers"]:
                return 201, cloud.create_server(body)
            case ["POST", "v1", "volumes"]:
                return 201, cloud.create_volume(body)
            case ["POST", "v1", "ssh_keys"]:
                return 201, cloud.create_ssh_key(body)
            case ["GET", "v1", "servers", one]:
                return 200, {"server": shapes.server(cloud.server(number(one)), cloud.volumes)}
            case ["DELETE", "v1", "servers", one]:
                return 200, {"action": cloud.delete_server(cloud.server(number(one))).shape()}
            case ["GET", "v1", "servers", one, "actions"]:
                found = [action.shape() for action in cloud.actions.of("server", cloud.server(number(one))["id"])]
                return 200, shapes.page_of("actions", found, query)
            case ["POST", "v1", "servers", one, "actions", verb]:
                return 201, {"action": cloud.act(cloud.server(number(one)), verb, body).shape()}
            case ["GET", "v1", "volumes", one]:
                return 200, {"volume": shapes.volume(cloud.volume(number(one)))}
            case ["DELETE", "v1", "volumes", one]:
                cloud.delete_volume(cloud.volume(number(one)))
                return 204, None
            case ["POST", "v1", "volumes", one, "actions", verb]:
                return 201, {"action": cloud.act_on_volume(cloud.volume(number(one)), verb, body).shape()}
            case ["GET", "v1", "ssh_keys", one]:
                return 200, {"ssh_key": shapes.ssh_key(cloud.ssh_key(number(one)))}
            case ["DELETE", "v1", "ssh_keys", one]:
                with cloud.lock:
                    del cloud.ssh_keys[cloud.ssh_key(number(one))["id"]]
                return 204, None
        raise Problem("not_found", "the simulator has no such call")

    def listed(self, kind, query):
        cloud = self.server.cloud
        with cloud.lock:
            found = list(getattr(cloud, kind).values())
        for field in ("name", "status"):
            if field in query:
                found = [one for one in found if one.get(field) in query[field]]
        if "label_selector" in query:
            found = [one for one in found if shapes.selects(query["label_selector"][0], one["labels"])]
        shape = {"servers": lambda one: shapes.server(one, cloud.volumes), "volumes": shapes.volume, "ssh_keys": shapes.ssh_key}[kind]
        return shapes.page_of(kind, [shape(one) for one in found], query)


def number(word):
    if not word.isdecimal():
        raise Problem("invalid_input", f"'{word}' is no ID")
    return int(word)


def inside(server):
    box = server["box"]
    return {"id": server["id"], "name": server["name"], "container": box.container, "pid": box.state()["Pid"], "address": box.address()}
