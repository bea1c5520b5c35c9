"""The step from a content to its copies is taken by indexes, whatever Postgres knows of the tables.

Right after many rows were added, or where it once saw a table empty, it looked through all pairs
for each content: minutes instead of moments.
"""

from django.db import migrations

BY_INDEX = """
ALTER FUNCTION review_next_to(bytea)
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off;
"""


class Migration(migrations.Migration):
    dependencies = [("review", "0016_known_pairs")]
    operations = [
        migrations.RunSQL(BY_INDEX, "ALTER FUNCTION review_next_to(bytea) RESET ALL;"),
    ]
