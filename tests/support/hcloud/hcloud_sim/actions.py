"""Actions: what the API began and a caller asks after until it has ended."""
import threading
import time

from hcloud_sim.problem import Problem
from hcloud_sim.shapes import now

RUNNING, SUCCESS, ERROR = "running", "success", "error"


class Action:
    def __init__(self, owner, number, command, resources, work):
        self.owner = owner
        self.id = number
        self.command = command
        self.resources = resources
        self.work = work
        self.status = RUNNING
        self.progress = 0
        self.started, self.finished = now(), None
        self.error = None

    def shape(self):
        return {"id": self.id, "command": self.command, "status": self.status, "progress": self.progress, "started": self.started,
                "finished": self.finished, "resources": self.resources, "error": self.error}

    def go(self):
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        seconds, code = self.owner.faults.of_action(self.command)
        time.sleep(seconds)
        try:
            if code:
                raise Problem(code, f"the action failed with {code}")
            self.work()
        except Problem as why:
            self.end(ERROR, {"code": why.code, "message": str(why)})
        except (AssertionError, OSError) as why:
            self.end(ERROR, {"code": "action_failed", "message": str(why)[:500]})
        else:
            self.end(SUCCESS, None)

    def end(self, status, error):
        with self.owner.lock:
            self.status, self.error, self.finished = status, error, now()
            self.progress = 100 if status == SUCCESS else self.progress


class Actions:
    def __init__(self, lock, faults, ids):
        self.lock = lock
        self.faults = faults
        self.ids = ids
        self.all = {}

    def prepare(self, command, resources, work):
        """Begun by go() later, and seen as running until then."""
        with self.lock:
            action = Action(self, next(self.ids), command, resources, work)
            self.all[action.id] = action
            return action

    def start(self, command, resources, work):
        action = self.prepare(command, resources, work)
        action.go()
        return action

    def get(self, number):
        if number not in self.all:
            raise Problem("not_found", f"action with ID '{number}' not found")
        return self.all[number]

    def running_on(self, kind, number):
        wanted = {"id": number, "type": kind}
        return [one for one in self.all.values() if one.status == RUNNING and wanted in one.resources]

    def of(self, kind, number):
        return [one for one in self.all.values() if {"id": number, "type": kind} in one.resources]
