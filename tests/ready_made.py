"""A schema that was made once: a test's database begins as a copy of it, at a tenth of what making it costs.

That migrations make it is what tests/contract/test_schema.py proves, and each test of the command line that begins with an empty folder.
"""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from connector.storage import database


def migrate(db: database.Database) -> None:
    """Give a database the newest schema; a SQLite file that is not there yet is copied."""
    if db.is_sqlite and not db.path.exists():
        lay(db.path)
    database.migrate(db)


def lay(path: Path) -> None:
    """Copy a SQLite database without a row to where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(_schema(), path)


@cache
def _schema() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="connector-schema-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    db = database.Database(f"sqlite:///{folder}/ready.db")
    database.migrate(db)
    db.checkpoint()
    db.close()
    return db.path
