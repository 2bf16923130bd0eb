"""What apt finds on a machine without the internet: a repository of files, as its only source."""
import hashlib
import os
import shutil
import subprocess

from tailnet_lib.member import ENVIRONMENT

FOLDER = "/srv/packages"
SOURCE = f"Types: deb\nURIs: file:{FOLDER}\nSuites: ./\nTrusted: yes\n"
VERSION = "1.102.3"

# As the vendor's package has it, without the options that nobody needs here.
UNIT = """\
[Unit]
Description=Tailscale node agent
Wants=network-pre.target
After=network-pre.target systemd-resolved.service

[Service]
EnvironmentFile=-/etc/default/tailscaled
ExecStart=/usr/sbin/tailscaled --state=/var/lib/tailscale/tailscaled.state --socket=/run/tailscale/tailscaled.sock --port=${PORT} $FLAGS
ExecStopPost=/usr/sbin/tailscaled --cleanup
Restart=on-failure
RuntimeDirectory=tailscale
RuntimeDirectoryMode=0755
StateDirectory=tailscale
StateDirectoryMode=0700
Type=notify

[Install]
WantedBy=multi-user.target
"""
POSTINST = """\
#!/bin/sh
set -e
if [ "$1" = configure ]; then
  systemctl daemon-reload
  systemctl enable tailscaled.service
  systemctl restart tailscaled.service
fi
"""


def tailscale_package(programs, directory):
    """The package `tailscale`, of the programs that the tests' tailnets run; for a tailnet without TLS."""
    made = os.path.join(directory, f"tailscale_{VERSION}_all.deb")
    root = os.path.join(directory, "tailscale-package")
    files = {"DEBIAN/control": f"Package: tailscale\nVersion: {VERSION}\nArchitecture: all\nMaintainer: tests <tests@example.com>\n"
                               "Description: the tailnet's programs, for tests\n",
             "DEBIAN/postinst": POSTINST,
             "lib/systemd/system/tailscaled.service": UNIT,
             "etc/default/tailscaled": 'PORT="41641"\nFLAGS="--no-logs-no-support"\n' +
                                       "".join(f"{key}={value}\n" for key, value in ENVIRONMENT.items())}
    for path, text in files.items():
        target = os.path.join(root, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8") as file:
            file.write(text)
    os.chmod(os.path.join(root, "DEBIAN/postinst"), 0o755)
    for program, path in {"tailscaled": "usr/sbin", "tailscale": "usr/bin"}.items():
        os.makedirs(os.path.join(root, path), exist_ok=True)
        shutil.copy2(os.path.join(programs, program), os.path.join(root, path))
    # Nothing of it is worth the time of a compressor.
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", root, made], check=True, timeout=60,
                   stdout=subprocess.DEVNULL)
    shutil.rmtree(root)
    return made


def offer(machine, *packages):
    """Copies the packages there as the machine's only apt source; what was offered before is gone."""
    machine.shell(f"rm -rf {FOLDER}; mkdir -p {FOLDER} /root/other-sources; "
                  "mv /etc/apt/sources.list /etc/apt/sources.list.d/* /root/other-sources/ 2>/dev/null || true")
    index = []
    for package in packages:
        with open(package, "rb") as file:
            content = file.read()
        fields = subprocess.run(["dpkg-deb", "-f", package], capture_output=True, text=True, check=True, timeout=30).stdout.strip()
        name = os.path.basename(package)
        index.append(f"{fields}\nFilename: ./{name}\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n")
        machine.put(package, f"{FOLDER}/{name}", 0o644)
    machine.write(f"{FOLDER}/Packages", "\n".join(index))
    machine.write("/etc/apt/sources.list.d/aura.sources", SOURCE)
