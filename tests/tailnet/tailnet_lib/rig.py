"""What a scenario of this suite gets: the process suite's rig with a tailnet of its own."""
import os

from lib.rig import Rig
from tailnet_lib.tailnet import Tailnet


class TailnetRig(Rig):
    def __init__(self, name, directory, log_dir):
        super().__init__(name, directory, log_dir)
        self.tailnet = Tailnet(os.path.join(directory, "tailnet"), log_dir, os.path.join(directory, "namespaces"))

    def clear(self):
        return super().clear() + self.tailnet.clear()
