"""Small file systems of a scenario's own, to be filled up, to turn read-only, and to be well again."""
import os
import shutil
import subprocess

from lib.errors import Skip


def sh(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=30)


class Disk:
    """Mounted at `path`; the rig unmounts it at the end."""
    kind = ""

    def __init__(self, rig, path, size_mib=8):
        self.path = path
        self.size_mib = size_mib
        os.makedirs(path, mode=0o700, exist_ok=True)
        self.prepare()
        self.mount()
        rig.disks.append(self)

    def prepare(self):
        pass

    def mount(self):
        done = sh("mount", *self.what(), self.path)
        if done.returncode != 0:
            raise Skip(f"no {self.kind} can be mounted here: {done.stdout.strip()}")
        os.chmod(self.path, 0o700)

    def unmount(self):
        done = sh("umount", self.path)
        assert done.returncode == 0, f"umount {self.path}: {done.stdout}"

    def clear(self):
        sh("umount", "--lazy", self.path)

    def ballast(self):
        return os.path.join(self.path, "ballast")

    def fill(self):
        """To the last byte that anybody can have."""
        with open(self.ballast(), "ab", buffering=0) as file:
            for size in (65536, 4096, 512, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    pass
        assert os.statvfs(self.path).f_bavail == 0, f"{self.path} is not full"

    def free(self):
        os.remove(self.ballast())

    def remount(self, how):
        done = sh("mount", "-o", f"remount,{how}", self.path)
        assert done.returncode == 0, f"remount,{how} {self.path}: {done.stdout}"


class Tmpfs(Disk):
    kind = "tmpfs"

    def what(self):
        return ["-t", "tmpfs", "-o", f"size={self.size_mib}m,mode=0700", "none"]


class Ext4(Disk):
    kind = "ext4"

    def prepare(self):
        self.image = self.path + ".img"
        with open(self.image, "wb") as file:
            file.truncate(self.size_mib << 20)
        done = sh("mkfs.ext4", "-q", "-m", "0", self.image)
        if done.returncode != 0:
            raise Skip(f"no ext4 can be made here: {done.stdout.strip()}")

    def what(self):
        return ["-o", "loop", self.image]

    def fail(self):
        """As the kernel does after an error of the device: read-only at once, also under open files."""
        self.remount("abort")

    def repair(self):
        self.unmount()
        # A copy, as on another device: a mount namespace made meanwhile by somebody else may still hold the broken one.
        shutil.copyfile(self.image, self.image + ".mended")
        self.image += ".mended"
        done = sh("e2fsck", "-y", "-f", self.image)
        assert done.returncode in (0, 1), f"e2fsck: {done.stdout}"  # 1: what was wrong is mended
        self.mount()
