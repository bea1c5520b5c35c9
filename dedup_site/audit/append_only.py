"""Tables that only grow: Postgres itself refuses UPDATE, DELETE and TRUNCATE, also for the owner.

Used by migrations. The triggers fire ALWAYS, so that `session_replication_role` does not turn them
off. They stop the program and its mistakes; against a superuser only checkpoints help that are kept
elsewhere.
"""

from django.db import migrations

FUNCTION = migrations.RunSQL(
    """
    CREATE FUNCTION second_look_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'restrict_violation';
    END $$;
    """,
    "DROP FUNCTION second_look_append_only();",
)


class AppendOnly(migrations.RunSQL):
    """The operation that makes `table` append-only, which grants.py has to know."""

    def __init__(self, table: str, sql: str, reverse_sql: str) -> None:
        super().__init__(sql, reverse_sql)
        self.table = table


def append_only(table: str) -> AppendOnly:
    """The operation that makes `table` append-only; FUNCTION must have run before."""
    return AppendOnly(
        table,
        f"""
        CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION second_look_append_only();
        CREATE TRIGGER append_only_table BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION second_look_append_only();
        ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only_rows;
        ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only_table;
        """,
        f"""
        DROP TRIGGER append_only_rows ON {table};
        DROP TRIGGER append_only_table ON {table};
        """,
    )
