"""A hold that comes while a file is being moved or deleted waits, or is seen: never half of both.

Whatever makes files untouchable (a hold, the withdrawal of a release, retention, a verdict that
joins or parts pictures) shares a lock; whoever acts on a file takes it alone, asks once more, acts,
and lets go (`review/actions/ledger.py`). So a hold is either placed before, and the file is left
alone, or after, and it covers the file where it is then.
"""

from django.db import migrations

TABLES = (
    "review_hold",
    "review_releasewithdrawal",
    "review_retentionruleversion",
    "review_libraryscheme",
    "review_retentionanswer",
)

FUNCTION = """
CREATE FUNCTION review_hold_before_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7720902);
    RETURN NULL;
END $$;
"""

# BEFORE the statement: what it writes is not there yet while it waits.
ON_INSERT = """
CREATE TRIGGER review_hold_before_moves BEFORE INSERT ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION review_hold_before_moves();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER review_hold_before_moves;
"""

# Of a pair only its verdict counts: leases change its row all day.
ON_VERDICT = """
CREATE TRIGGER review_verdict_before_moves AFTER UPDATE OF verdict ON review_pairreview
    FOR EACH ROW WHEN (OLD.verdict IS DISTINCT FROM NEW.verdict)
    EXECUTE FUNCTION review_hold_before_moves();
CREATE TRIGGER review_verdict_before_moves_new AFTER INSERT ON review_pairreview
    FOR EACH ROW WHEN (NEW.verdict <> '')
    EXECUTE FUNCTION review_hold_before_moves();
"""

GONE = """
DROP TRIGGER review_verdict_before_moves_new ON review_pairreview;
DROP TRIGGER review_verdict_before_moves ON review_pairreview;
"""


class Migration(migrations.Migration):
    dependencies = [("review", "0012_queue_places"), ("scanning", "0005_set_aside")]
    operations = [
        migrations.RunSQL(
            "".join((FUNCTION, *(ON_INSERT.format(table=table) for table in TABLES), ON_VERDICT)),
            "".join(
                (
                    GONE,
                    *(f"DROP TRIGGER review_hold_before_moves ON {table};" for table in TABLES),
                    "DROP FUNCTION review_hold_before_moves();",
                )
            ),
        )
    ]
