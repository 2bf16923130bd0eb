"""`aura-node top` on a terminal draws in place, and q or Ctrl-C leave the terminal as it was."""
import errno
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

from lib import check

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?25h\x1b[?1049l"
LINES, COLUMNS = 10, 60


def run(rig):
    node = rig.node()
    node.declare("web")
    node.start()
    node.until_running()
    leaves(node, lambda screen: os.write(screen.master, b"xq"), "q")
    leaves(node, lambda screen: os.write(screen.master, b"\x03"), "Ctrl-C")
    leaves(node, lambda screen: screen.process.send_signal(signal.SIGTERM), "SIGTERM")
    check.equal(node.stop(), 0, "the agent ends")
    check.equal(node.cli("top").returncode, 2, "without an agent")


def leaves(node, how, what):
    screen = Screen([node.rig.binary("aura-node"), "top", "--every", "1"], node.environment())
    before = termios.tcgetattr(screen.slave)
    drawn = screen.until(lambda seen: seen.count(b"web") >= 2, "it is drawn twice")
    check.is_true(drawn.startswith(ENTER), "it has a screen of its own", drawn)
    check.contains(drawn, b"CPU%", "the heading")
    check.is_true(not termios.tcgetattr(screen.slave)[3] & termios.ECHO, "keys are not shown")
    for line in drawn.replace(b"\x1b[H\x1b[J", b"\n").split(b"\n"):
        check.is_true(len(plain(line)) < COLUMNS, "no line is wider than the terminal", line)
    how(screen)
    check.equal(screen.process.wait(20), 0, f"exit code after {what}")
    screen.until(lambda seen: seen.endswith(LEAVE), f"the screen is left after {what}")
    check.equal(termios.tcgetattr(screen.slave), before, f"the terminal after {what}")
    screen.close()


def plain(line):
    text = line.decode().replace("\r", "")
    while "\x1b" in text:
        begin = text.index("\x1b")
        end = next(i for i in range(begin + 2, len(text)) if text[i].isalpha())
        text = text[:begin] + text[end + 1:]
    return text


class Screen:
    """A program whose controlling terminal is ours."""

    def __init__(self, command, environment):
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.seen = b""
        environment = {**environment, "TERM": "xterm"}
        self.process = subprocess.Popen(command, stdin=self.slave, stdout=self.slave, stderr=self.slave,
                                        env=environment, start_new_session=True, preexec_fn=self.own)

    @staticmethod
    def own():
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def until(self, predicate, what, seconds=20):
        deadline = time.monotonic() + seconds
        while not predicate(self.seen):
            left = deadline - time.monotonic()
            assert left > 0, f"{what} within {seconds} s; seen {self.seen!r}"
            if select.select([self.master], [], [], left)[0]:
                self.seen += self.read()
        return self.seen

    def read(self):
        try:
            return os.read(self.master, 65536)
        except OSError as error:
            if error.errno == errno.EIO:  # nobody has the other side open
                return b""
            raise

    def close(self):
        os.close(self.master)
        os.close(self.slave)
