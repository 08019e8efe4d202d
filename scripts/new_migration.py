"""Writes the next revision from what the tables have and the revisions do not: `new_migration.py "Add a column"`.

With `--initial`, writes the first one anew; only right before the first release. Read what it writes before you
commit it, and set HEAD in `store/migrations/__init__.py`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from tidings.store import migrations
from tidings.store.database import open_sqlite

FOLDER = Path(migrations.__file__).parent


def main(arguments: list[str]) -> None:
    """Compares an empty database, brought to the newest revision, with the tables."""
    initial = "--initial" in arguments
    message = " ".join(argument for argument in arguments if argument != "--initial") or "The first tables"
    if initial:
        for path in (FOLDER / "versions").glob("[0-9]*.py"):
            path.unlink()
    number = f"{len(migrations.known_versions()) + 1:04d}"
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    with tempfile.TemporaryDirectory() as folder:
        database = open_sqlite(Path(folder) / "empty.db", bytes(32))
        if not initial:
            migrations.migrate(database)
        with database.transaction() as connection:
            config.attributes["connection"] = connection
            command.revision(config, message, rev_id=number, autogenerate=True)
        database.close()
    written = next((FOLDER / "versions").glob(f"{number}_*.py"))
    # SQLite calls false 0, which PostgreSQL takes for a number.
    told = written.read_text().replace(
        'sa.Boolean(), server_default=sa.text("0")', "sa.Boolean(), server_default=sa.false()"
    )
    told = told.replace("sa.Boolean(), server_default=sa.text('0')", "sa.Boolean(), server_default=sa.false()")
    kept = [line for line in told.splitlines() if "# ### " not in line]
    written.write_text("\n".join(kept) + "\n")
    for tool in (["format", "-q"], ["check", "--fix", "-q"]):
        subprocess.run([sys.executable, "-m", "ruff", *tool, str(written)], check=True)
    print(f"wrote {written}; set HEAD to {number!r}")


if __name__ == "__main__":
    main(sys.argv[1:])
