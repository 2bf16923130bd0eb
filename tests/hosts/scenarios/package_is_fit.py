"""The packages are small, lintian warns of nothing, one serves all releases, and the program built for arm64 starts."""
import os
import subprocess

from hosts_lib.rig import PACKAGES
from lib import check
from lib.rig import TREE

ABOUT_S = 40
DEADLINE_S = 900  # where the package for arm64 was not built before
RELEASES = ("bookworm",)  # they are built there, for all


def run(_rig):
    done = subprocess.run([os.path.join(TREE, "tests", "hosts", "package-checks"), "--arm64", PACKAGES], capture_output=True,
                          text=True, stdin=subprocess.DEVNULL, timeout=DEADLINE_S, check=False)
    print(done.stdout + done.stderr)
    check.equal(done.returncode, 0, "package-checks")
