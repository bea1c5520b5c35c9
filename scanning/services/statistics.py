"""What Postgres believes of the tables that a scan fills.

It looks at them by itself, but a minute later; until then it takes a table of a hundred thousand
rows for an empty one, and looks through all of it for each row of another.
"""

from django.db import connection

TABLES = (
    *("scanning_sourcefile", "scanning_picture", "scanning_fingerprint"),
    *("scanning_candidatepair", "scanning_finding"),
)


def renew() -> None:
    """Let Postgres look again. Whoever else is doing so is not waited for."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE (SKIP_LOCKED) {', '.join(TABLES)}")
