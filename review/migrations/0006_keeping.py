"""How long a file must be kept, as functions of Postgres; `review/records/retention.py` says it in Python.

tests/review/test_keeping.py holds the two together. The calendar of retention is Hong Kong's.
"""

from django.db import migrations

from dedup_site.audit.append_only import append_only

RULES = """
CREATE VIEW review_rule_in_force AS
SELECT DISTINCT ON (version.rule_id) version.id, version.rule_id
FROM review_retentionruleversion version
LEFT JOIN review_retentionanswer answer ON answer.rule_version_id = version.id
WHERE NOT version.needs_approval OR answer.is_approved
ORDER BY version.rule_id, version.number DESC;
CREATE VIEW review_scheme_in_force AS
SELECT DISTINCT ON (version.library_id) version.id, version.library_id
FROM review_libraryscheme version
LEFT JOIN review_retentionanswer answer ON answer.scheme_id = version.id
WHERE NOT version.needs_approval OR answer.is_approved
ORDER BY version.library_id, version.number DESC;
"""

# The day of a date or moment in text; NULL for anything else. A moment with an offset counts by
# the day it is in Hong Kong.
DAY_OF = """
CREATE FUNCTION review_day_of(value text) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    part text[];
    day date;
    away interval;
BEGIN
    part := regexp_match(btrim(value, ' '),
        '^([0-9]{4})([-/.:]?)([0-9]{2})\\2([0-9]{2})'
        '(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.][0-9]{1,9})?)?'
        '(?:(Z)|([-+])([0-9]{2}):?([0-9]{2}))?)?$');
    IF part IS NULL THEN
        RETURN NULL;
    END IF;
    day := make_date(part[1]::int, part[3]::int, part[4]::int);
    IF part[5]::int > 23 OR part[6]::int > 59 OR part[7]::int > 59
       OR part[10]::int > 14 OR part[11]::int > 59 OR day < '1800-01-01' THEN
        RETURN NULL;
    END IF;
    IF part[8] IS NOT NULL OR part[9] IS NOT NULL THEN
        away := make_interval(hours => coalesce(part[10]::int, 0),
                              mins => coalesce(part[11]::int, 0));
        IF part[9] = '-' THEN
            away := -away;
        END IF;
        day := (((day + make_time(part[5]::int, part[6]::int, coalesce(part[7]::int, 0))) - away)
                AT TIME ZONE 'UTC' AT TIME ZONE 'Asia/Hong_Kong')::date;
    END IF;
    RETURN CASE WHEN day BETWEEN '1800-01-01' AND '9999-12-31' THEN day END;
EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format THEN
    RETURN NULL;
END $$;
"""

# What a clock that was never set writes (1970, 1980) is no date.
DAY_BY_CLOCK = """
CREATE FUNCTION review_day_by_clock(day date) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN day > '1980-01-01' THEN day END
$$;
CREATE FUNCTION review_event_day(
    source text, name text, attributes jsonb, taken text, modified_ns bigint
) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE source
        WHEN 'attribute' THEN CASE WHEN jsonb_typeof(attributes -> name) = 'string'
            THEN review_day_of(attributes ->> name) END
        WHEN 'exif' THEN review_day_by_clock(review_day_of(taken))
        WHEN 'file_date' THEN review_day_by_clock(
            ((timestamp '1970-01-01' + (modified_ns / 1000) * interval '1 microsecond')
             AT TIME ZONE 'UTC' AT TIME ZONE 'Asia/Hong_Kong')::date)
        END
$$;
"""

# The last day of a period; NULL where it cannot be read. From 29 February the last day of a year
# without one is 28 February.
LAST_DAY = """
CREATE FUNCTION review_last_day(start date, period text) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    part text[];
BEGIN
    part := regexp_match(period,
        '^P(?=[0-9])(?:([0-9]{1,4})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,4})W)?(?:([0-9]{1,5})D)?$');
    IF part IS NULL OR start IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN least(
        (start + make_interval(years => coalesce(part[1]::int, 0),
                               months => coalesce(part[2]::int, 0)))::date
            + 7 * coalesce(part[3]::int, 0) + coalesce(part[4]::int, 0),
        '9999-12-31');
END $$;
"""

# One row for each file. `problem` is empty where every rule of its class gives a last day.
# versions, schemes: what would count instead of what is in force, for previews.
RETENTION_OF = """
CREATE FUNCTION review_retention_of(
    files bigint[], versions bigint[] DEFAULT NULL, schemes bigint[] DEFAULT NULL
) RETURNS TABLE (
    source_file_id bigint, library_id bigint, record_class text,
    retained_until date, rule_version_id bigint, problem text
) LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000 AS $$
    WITH rule AS MATERIALIZED (
        SELECT version.id, version.classes, version.event_source, version.event_name, version.period,
               version.event_source IN ('attribute', 'exif', 'file_date')
                   AND (version.event_source <> 'attribute' OR version.event_name <> '')
                   AND review_last_day('2000-01-01', version.period) IS NOT NULL AS readable
        FROM review_retentionruleversion version
        WHERE NOT version.is_retired
          AND version.id IN (
              SELECT unnest(coalesce(
                  versions, ARRAY(SELECT current.id FROM review_rule_in_force current))))
    ), scheme AS MATERIALIZED (
        SELECT version.library_id, version.record_class, version.class_attribute,
               version.class_values
        FROM review_libraryscheme version
        WHERE version.id IN (
            SELECT unnest(coalesce(
                schemes, ARRAY(SELECT current.id FROM review_scheme_in_force current))))
    ), classed AS (
        SELECT file.id, file.library_id, file.sha256, file.attributes, file.modified_ns,
               nullif(CASE WHEN scheme.class_attribute <> ''
                   THEN scheme.class_values ->> (file.attributes ->> scheme.class_attribute)
                   ELSE scheme.record_class END, '') AS record_class
        FROM scanning_sourcefile file
        LEFT JOIN scheme ON scheme.library_id = file.library_id
        WHERE file.id IN (SELECT unnest(files))
    )
    SELECT classed.id, classed.library_id, classed.record_class, kept.until, kept.version,
           CASE WHEN classed.record_class IS NULL THEN 'unknown_class'
                WHEN kept.rules = 0 THEN 'no_rule'
                WHEN NOT kept.readable THEN 'unreadable_rule'
                WHEN NOT kept.dated THEN 'missing_date'
                ELSE '' END
    FROM classed
    LEFT JOIN scanning_picture picture ON picture.sha256 = classed.sha256 AND picture.page = 0
    CROSS JOIN LATERAL (
        SELECT count(*) AS rules, bool_and(rule.readable) AS readable,
               bool_and(event.day IS NOT NULL) AS dated,
               max(last.day) AS until,
               (array_agg(rule.id ORDER BY last.day DESC NULLS LAST, rule.id))[1] AS version
        FROM rule
        CROSS JOIN LATERAL (SELECT review_event_day(
            rule.event_source, rule.event_name, classed.attributes,
            picture.metadata ->> 'date_taken', classed.modified_ns)) AS event (day)
        CROSS JOIN LATERAL (SELECT review_last_day(event.day, rule.period)) AS last (day)
        WHERE classed.record_class = ANY (rule.classes)
    ) kept
$$;
"""

# For whatever acts on files: fails closed, also for a file that nobody knows.
BLOCKED = """
CREATE FUNCTION review_file_is_retained(file bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT NOT EXISTS (
        SELECT FROM review_retention_of(ARRAY[file]) kept
        WHERE kept.problem = ''
          AND kept.retained_until < (now() AT TIME ZONE 'Asia/Hong_Kong')::date)
$$;
CREATE FUNCTION review_file_is_blocked(file bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT review_file_is_held(file) OR review_file_is_retained(file)
$$;
"""

# Two people, also where somebody writes to the table by hand.
TWO_PEOPLE = """
CREATE FUNCTION review_retention_needs_two() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.is_approved AND (
        EXISTS (SELECT FROM review_retentionruleversion version
                WHERE version.id = NEW.rule_version_id AND version.made_by_id = NEW.given_by_id)
        OR EXISTS (SELECT FROM review_libraryscheme version
                   WHERE version.id = NEW.scheme_id AND version.made_by_id = NEW.given_by_id))
    THEN
        RAISE EXCEPTION 'shorter retention is approved by another person than the one who made it'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_retention_needs_two BEFORE INSERT ON review_retentionanswer
    FOR EACH ROW EXECUTE FUNCTION review_retention_needs_two();
"""

GONE = """
DROP TRIGGER review_retention_needs_two ON review_retentionanswer;
DROP FUNCTION review_retention_needs_two();
DROP FUNCTION review_file_is_blocked(bigint);
DROP FUNCTION review_file_is_retained(bigint);
DROP FUNCTION review_retention_of(bigint[], bigint[], bigint[]);
DROP FUNCTION review_last_day(date, text);
DROP FUNCTION review_event_day(text, text, jsonb, text, bigint);
DROP FUNCTION review_day_by_clock(date);
DROP FUNCTION review_day_of(text);
DROP VIEW review_scheme_in_force;
DROP VIEW review_rule_in_force;
"""

ALL = (RULES, DAY_OF, DAY_BY_CLOCK, LAST_DAY, RETENTION_OF, BLOCKED, TWO_PEOPLE)


class Migration(migrations.Migration):
    dependencies = [("review", "0005_holding")]
    operations = [
        migrations.RunSQL("".join(ALL), GONE),
        *(
            append_only(table)
            for table in (
                "review_retentionruleversion",
                "review_libraryscheme",
                "review_retentionanswer",
            )
        ),
    ]
