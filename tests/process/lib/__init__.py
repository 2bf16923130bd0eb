"""The harness of the process suite: real programs, real Docker, loopback."""
