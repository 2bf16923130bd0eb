"""What happens to a ledger's files on a bad disk."""
import os

FILES = ("ledger.db", "ledger.db-wal")


def there(node):
    return [path for path in (node.path("state", name) for name in FILES) if os.path.exists(path)]


def spoil(node):
    """Every byte of both files: SQLite can take any page from either."""
    for path in there(node):
        with open(path, "r+b") as file:
            file.write(b"\xff" * os.path.getsize(path))


def remove(node):
    for path in there(node):
        os.remove(path)


def marks(node):
    """Size and time of change of each file."""
    return {path: (os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in there(node)}
