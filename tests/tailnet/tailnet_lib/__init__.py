"""What the scenarios of a real tailnet share; the rest they take from tests/process/lib."""
