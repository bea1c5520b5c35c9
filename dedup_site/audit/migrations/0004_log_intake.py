"""What the sequencer relies on: which transaction wrote an event, and tables that only grow.

`xid` is set by Postgres itself. Events from before this migration get the migration's own, so that
they are sequenced first, in the order of their ids.
"""

from django.db import migrations

from dedup_site.audit.append_only import append_only

TABLES = (
    "audit_logentry",
    "audit_logsubtree",
    "audit_logbatch",
    "audit_logcheckpoint",
    "audit_logkey",
    "audit_logincident",
    "audit_logpublication",
)

INTAKE = migrations.RunSQL(
    """
    ALTER TABLE audit_auditevent ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
    CREATE INDEX audit_auditevent_xid ON audit_auditevent (xid, id);

    -- Nobody chooses the transaction that an event belongs to.
    CREATE FUNCTION second_look_intake() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.xid := pg_current_xact_id();
        RETURN NEW;
    END $$;
    CREATE TRIGGER intake BEFORE INSERT ON audit_auditevent
        FOR EACH ROW EXECUTE FUNCTION second_look_intake();
    ALTER TABLE audit_auditevent ENABLE ALWAYS TRIGGER intake;

    -- The one change that an event may see: its detail and salt are erased together. The body stays,
    -- and so does the log.
    CREATE FUNCTION second_look_events_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            OLD.detail := '{}'::jsonb;
            OLD.salt := ''::bytea;
            IF NEW IS NOT DISTINCT FROM OLD THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'restrict_violation';
    END $$;
    DROP TRIGGER append_only_rows ON audit_auditevent;
    CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON audit_auditevent
        FOR EACH ROW EXECUTE FUNCTION second_look_events_only_grow();
    ALTER TABLE audit_auditevent ENABLE ALWAYS TRIGGER append_only_rows;
    """,
    """
    DROP TRIGGER append_only_rows ON audit_auditevent;
    CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON audit_auditevent
        FOR EACH ROW EXECUTE FUNCTION second_look_append_only();
    ALTER TABLE audit_auditevent ENABLE ALWAYS TRIGGER append_only_rows;
    DROP FUNCTION second_look_events_only_grow();
    DROP TRIGGER intake ON audit_auditevent;
    DROP FUNCTION second_look_intake();
    ALTER TABLE audit_auditevent DROP COLUMN xid;
    """,
)


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_log")]
    operations = [INTAKE, *map(append_only, TABLES)]
