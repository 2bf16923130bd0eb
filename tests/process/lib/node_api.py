"""What a running node says of itself, and what Docker says of its containers."""
import secrets

from lib import http


class NodeApi:
    """For a node that has `rig`, `id` and `docker`, and connect() for a new connection to its socket."""

    # -- what it says -------------------------------------------------------------------------------------------------

    def api(self, method, path, body=None, headers=None):
        return http.call(self.connect, method, path, body, headers)

    def status(self):
        return self.api("GET", "/v1/status").json

    def workload(self, name="web"):
        """Its part of the report; {} where the node does not know it."""
        found = [one for one in self.status()["workloads"] if one["name"] == name]
        return found[0] if found else {}

    def state(self, name="web"):
        return self.workload(name).get("state", "")

    def events(self, kind=None, workload=None):
        found = self.api("GET", "/v1/events").json
        found = [event for event in found if kind is None or event["kind"] == kind]
        return [event for event in found if workload is None or event.get("workload") == workload]

    def command(self, verb, target="node", wait_s=30, **fields):
        """Delivered as local root; the answer of POST /v1/commands once it is settled or wait_s is over."""
        body = {"id": fields.pop("id", "t-" + secrets.token_hex(8)), "verb": verb, "target": target, **fields}
        return self.api("POST", f"/v1/commands?wait_s={wait_s}", body)

    def outcome(self, verb, target="node", **fields):
        reply = self.command(verb, target, **fields)
        assert reply.status == 200, f"{verb} {target} has no outcome: {reply}"
        return reply.json["outcome"]

    # -- what Docker says ---------------------------------------------------------------------------------------------

    def containers(self, name="web"):
        """Inspections of all its containers for a workload, newest first."""
        made = [one for one in self.docker.of_node(self.id) if one["Labels"].get("aura.workload") == name]
        seen = [self.docker.inspect(one["Id"]) for one in made]
        return sorted((one for one in seen if one), key=lambda one: one["Created"], reverse=True)

    def container(self, name="web"):
        found = self.containers(name)
        assert len(found) == 1, f"{name} has {len(found)} containers: {[one['Name'] for one in found]}"
        return found[0]

    def until_state(self, state, name="web", seconds=30):
        """Returns the workload's report once it has that state."""
        def reached():
            seen = self.workload(name)
            return seen if seen.get("state") == state else None
        return self.rig.until(reached, seconds, f"{name} is {state}", lambda: self.workload(name))

    def until_running(self, name="web", seconds=30):
        """Returns the inspection of the one running container."""
        self.until_state("running", name, seconds)
        return self.docker.inspect(self.workload(name)["container_id"])

    def until_event(self, kind, workload=None, seconds=30, count=1):
        """Returns the last such event once there are so many."""
        def there():
            found = self.events(kind, workload)
            return found[-1] if len(found) >= count else None
        return self.rig.until(there, seconds, f"event {kind}", lambda: [one["kind"] for one in self.events()])
