"""A project of the cloud: its servers, volumes and SSH keys, and the actions upon them."""
import itertools
import re
import secrets
import threading

from hcloud_sim import shapes
from hcloud_sim.actions import Actions
from hcloud_sim.box import Box
from hcloud_sim.faults import Faults
from hcloud_sim.problem import Problem, invalid

NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")
MAX_USER_DATA = 32_768
MAX_SERVERS = 20


class Cloud:
    def __init__(self, socket, image_of, systems):
        self.socket = socket
        self.image_of = image_of
        self.systems = systems
        self.lock = threading.RLock()
        self.ids = itertools.count(1_000_001)
        self.servers, self.volumes, self.ssh_keys = {}, {}, {}
        self.faults = Faults()
        self.actions = Actions(self.lock, self.faults, self.ids)

    def close(self):
        with self.lock:
            boxes = [one["box"] for one in self.servers.values() if one["box"]]
            self.servers.clear()
        for box in boxes:
            box.remove()

    # -- servers ------------------------------------------------------------------------------------------------------

    def create_server(self, body):
        name, system = body.get("name"), body.get("image")
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise invalid("name", "must be a host name")
        if system not in self.systems:
            raise invalid("image", "image not found")
        if not isinstance(body.get("server_type"), str):
            raise invalid("server_type", "is required")
        user_data = body.get("user_data") or ""
        if len(user_data.encode()) > MAX_USER_DATA:
            raise invalid("user_data", "is longer than 32 KiB")
        image = self.image_of(system)
        with self.lock:
            if any(one["name"] == name for one in self.servers.values()):
                raise Problem("uniqueness_error", "server name is already used", {"fields": [{"name": "name"}]})
            if len(self.servers) >= MAX_SERVERS:
                raise Problem("resource_limit_exceeded", "server limit exceeded")
            keys = [self.ssh_key(one)["public_key"] for one in body.get("ssh_keys") or []]
            volumes = [self.volume(one) for one in body.get("volumes") or []]
            server = {"id": next(self.ids), "name": name, "created": shapes.now(), "labels": body.get("labels") or {},
                      "system": system, "type": body["server_type"], "location": body.get("location") or "fsn1", "status": "initializing",
                      "user_data": user_data, "keys": keys, "box": None, "deleted": False}
            self.servers[server["id"]] = server
            for one in volumes:
                one["server"] = server["id"]
            starts = body.get("start_after_create", True)

            def work():
                self.make_box(server, image)
                with self.lock:
                    server["status"] = "starting" if starts else "off"
                if started:
                    started.go()
            started = self.actions.prepare("start_server", [server_ref(server)], lambda: self.power_on(server)) if starts else None
            created = self.actions.start("create_server", [server_ref(server)], work)
            password = None if keys else secrets.token_urlsafe(12)
            return {"server": shapes.server(server, self.volumes), "action": created.shape(),
                    "next_actions": [started.shape()] if started else [], "root_password": password}

    def make_box(self, server, image):
        box = Box(self.socket, image, server["name"], str(server["id"]), server["user_data"], server["keys"],
                  self.faults.overlay, lambda: self.went_off(server))
        with self.lock:
            gone = server["deleted"]
            if not gone:
                server["box"] = box
        if gone:
            box.remove()

    def power_on(self, server):
        if server["box"]:
            server["box"].on()
            server["status"] = "running"

    def went_off(self, server):
        with self.lock:
            if server["status"] in ("running", "stopping", "starting"):
                server["status"] = "off"

    def server(self, number):
        found = self.servers.get(number)
        if found is None:
            raise Problem("not_found", f"server with ID '{number}' not found")
        return found

    def delete_server(self, server):
        """At once, whatever goes on with it; its volumes are only detached."""
        with self.lock:
            server["deleted"] = True
            del self.servers[server["id"]]
            for one in self.volumes.values():
                if one["server"] == server["id"]:
                    one["server"] = None
        box = server["box"]
        return self.actions.start("delete_server", [server_ref(server)], box.remove if box else lambda: None)

    def act(self, server, verb, body):
        """One of the servers' actions; the signals among them end when they are sent."""
        on = server["status"] == "running"
        box = server["box"]
        with self.lock:
            if self.actions.running_on("server", server["id"]):
                raise Problem("locked", "server is locked")
            if box is None:
                raise Problem("conflict", "server is not there yet")
            if verb in ("shutdown", "reboot"):
                lost = self.faults.loses_signal()
                work = (lambda: box.signal("poweroff" if verb == "shutdown" else "reboot")) if on and not lost else (lambda: None)
            elif verb == "poweron":
                work = (lambda: None) if on else (lambda: self.power_on(server))
            elif verb == "poweroff":
                work = box.off
            elif verb == "reset":
                def work():
                    box.off()
                    self.power_on(server)
            elif verb == "rebuild":
                work = self.rebuilding(server, body)
            else:
                raise Problem("not_found", f"no action '{verb}'")
            command = {"poweron": "start_server", "poweroff": "stop_server", "shutdown": "shutdown_server",
                       "reboot": "reboot_server", "reset": "reset_server", "rebuild": "rebuild_server"}[verb]
            return self.actions.start(command, [server_ref(server)], work)

    def rebuilding(self, server, body):
        """Another disk; the user_data is the one of before unless one is given."""
        system = body.get("image")
        if system not in self.systems:
            raise invalid("image", "image not found")
        user_data = body.get("user_data")
        image = self.image_of(system)

        def work():
            with self.lock:
                old, server["box"], server["status"], server["system"] = server["box"], None, "rebuilding", system
                if user_data is not None:
                    server["user_data"] = user_data
            old.remove()
            self.make_box(server, image)
            self.power_on(server)
        return work

    # -- volumes and keys ---------------------------------------------------------------------------------------------

    def create_volume(self, body):
        with self.lock:
            if not isinstance(body.get("size"), int) or not 10 <= body["size"] <= 10_240:
                raise invalid("size", "must be 10 to 10240")
            if any(one["name"] == body.get("name") for one in self.volumes.values()):
                raise Problem("uniqueness_error", "volume name is already used", {"fields": [{"name": "name"}]})
            attach_to = body.get("server")
            location = self.server(attach_to)["location"] if attach_to else body.get("location")
            if not location:
                raise invalid("location", "location or server is required")
            volume = {"id": next(self.ids), "name": body.get("name"), "size": body["size"], "created": shapes.now(), "server": attach_to,
                      "labels": body.get("labels") or {}, "location": location}
            self.volumes[volume["id"]] = volume
            action = self.actions.start("create_volume", [volume_ref(volume)], lambda: None)
            return {"volume": shapes.volume(volume), "action": action.shape(), "next_actions": []}

    def volume(self, number):
        found = self.volumes.get(number)
        if found is None:
            raise Problem("not_found", f"volume with ID '{number}' not found")
        return found

    def delete_volume(self, volume):
        with self.lock:
            if volume["server"]:
                raise Problem("conflict", "volume is attached to a server")
            del self.volumes[volume["id"]]

    def act_on_volume(self, volume, verb, body):
        with self.lock:
            references = [volume_ref(volume)]
            if verb == "attach":
                if volume["server"]:
                    raise Problem("conflict", "volume is attached already")
                server = self.server(body.get("server"))
                if server["location"] != volume["location"]:
                    raise invalid("server", "is in another location")
                references.append(server_ref(server))
                return self.actions.start("attach_volume", references, lambda: volume.update(server=server["id"]))
            if verb == "detach":
                if not volume["server"]:
                    raise Problem("conflict", "volume is not attached")
                return self.actions.start("detach_volume", references, lambda: volume.update(server=None))
            raise Problem("not_found", f"no action '{verb}'")

    def create_ssh_key(self, body):
        with self.lock:
            for field in ("name", "public_key"):
                if not body.get(field):
                    raise invalid(field, "is required")
                if any(one[field] == body[field] for one in self.ssh_keys.values()):
                    raise Problem("uniqueness_error", f"SSH key with the same {field} already exists", {"fields": [{"name": field}]})
            key = {"id": next(self.ids), "name": body["name"], "public_key": body["public_key"], "labels": body.get("labels") or {},
                   "created": shapes.now()}
            self.ssh_keys[key["id"]] = key
            return {"ssh_key": shapes.ssh_key(key)}

    def ssh_key(self, name_or_id):
        for one in self.ssh_keys.values():
            if name_or_id in (one["id"], one["name"]):
                return one
        raise Problem("not_found", f"SSH key '{name_or_id}' not found")


def server_ref(server):
    return {"id": server["id"], "type": "server"}


def volume_ref(volume):
    return {"id": volume["id"], "type": "volume"}
