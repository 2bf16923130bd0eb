"""aura-control on a machine of the tailnet: nodes and operators come over the tailnet, the scenario itself by loopback."""
from lib.control import Control

PORT = 8080


class TailnetControl(Control):
    def __init__(self, rig, member, heartbeat_s=1):
        super().__init__(rig, member.name, heartbeat_s)
        self.member = member
        self.port = PORT
        self.url = f"http://{member.name}:{PORT}"  # as the tailnet calls it

    def command_line(self):
        return [*self.member.prefix, *super().command_line(), "--listen", f"tailnet:{PORT}",
                "--tailscale-socket", self.member.socket]

    def connect(self):
        return self.member.to("127.0.0.1", PORT)()

    def asked_from(self, member, method, path, body=None, headers=None):
        """By a machine of the tailnet, with what its identity is worth alone."""
        return member.call(self.member.ip4, PORT, method, path, body, headers)
