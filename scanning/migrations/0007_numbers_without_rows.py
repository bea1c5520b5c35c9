"""Numbers of pairs, pictures and decisions for what only looks like one."""

from django.db import migrations

# The site may add rows, but not ask a sequence: this gives out a number that no row will have.
NUMBER = """
CREATE FUNCTION scanning_next_number(of_table text) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF of_table NOT IN ('scanning_picture', 'scanning_candidatepair', 'review_decision') THEN
        RAISE EXCEPTION 'no numbers of % are given out', of_table;
    END IF;
    RETURN nextval(pg_get_serial_sequence(of_table, 'id'));
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("scanning", "0006_made_copies")]
    operations = [migrations.RunSQL(NUMBER, "DROP FUNCTION scanning_next_number(text);")]
