"""A held file that is overwritten: what it held before stays held, wherever a copy of it lies.

The functions of `0005_holding` again, which know of contents now; and a file that could not be read
is blocked by Postgres too, as `review/records/blocking.py` has it.
"""

from importlib import import_module

from django.db import migrations, models

# What holds cover before it spreads to copies; of an overwritten file also the content before.
DIRECTLY = """
CREATE OR REPLACE FUNCTION review_directly_held(holds bigint[] DEFAULT NULL)
RETURNS TABLE (source_file_id bigint, sha256 bytea)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000 AS $$
    WITH hold AS MATERIALIZED (
        SELECT * FROM review_hold_in_force
        WHERE holds IS NULL OR id IN (SELECT unnest(holds))
    )
    SELECT NULL::bigint, picture.sha256
    FROM hold JOIN scanning_picture picture ON picture.id = hold.picture_id
    UNION ALL
    SELECT file.id, file.sha256
    FROM hold JOIN scanning_sourcefile file ON file.id = hold.source_file_id
    UNION ALL
    SELECT file.id, file.sha256
    FROM (SELECT DISTINCT library_id, folder FROM hold
          WHERE library_id IS NOT NULL AND attribute_name = '') place
    JOIN scanning_sourcefile file ON file.library_id = place.library_id
    WHERE place.folder = '' OR starts_with(file.path, place.folder || '/')
    UNION ALL
    SELECT file.id, file.sha256
    FROM (SELECT DISTINCT library_id, attribute_name, attribute_value FROM hold
          WHERE attribute_name <> '') value
    JOIN scanning_sourcefile file
      ON file.attributes @> jsonb_build_object(value.attribute_name, value.attribute_value)
    WHERE value.library_id IS NULL OR value.library_id = file.library_id
    UNION ALL
    SELECT file.id, file.sha256
    FROM hold JOIN review_heldbefore before ON before.hold_id = hold.id
    JOIN scanning_sourcefile file ON file.id = before.source_file_id
    WHERE before.sha256 IS NULL
    UNION ALL
    SELECT NULL::bigint, before.sha256
    FROM hold JOIN review_heldbefore before ON before.hold_id = hold.id
    WHERE before.sha256 IS NOT NULL
$$;
"""

# The other way: from files to the holds on them. Each content is looked at once.
HOLDS_ON = """
CREATE OR REPLACE FUNCTION review_holds_on(files bigint[])
RETURNS TABLE (source_file_id bigint, hold_id bigint)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100 AS $$
    WITH RECURSIVE asked AS MATERIALIZED (
        SELECT file.id, file.sha256 FROM scanning_sourcefile file
        WHERE file.id IN (SELECT unnest(files))
    ), same (origin, sha256) AS (
        SELECT asked.id, asked.sha256 FROM asked WHERE asked.sha256 IS NOT NULL
        UNION
        SELECT same.origin, neighbour.sha256
        FROM same CROSS JOIN LATERAL review_next_to(same.sha256) AS neighbour (sha256)
    ), content AS MATERIALIZED (
        SELECT DISTINCT same.sha256 FROM same
    ), member AS MATERIALIZED (
        SELECT file.id, file.sha256, file.library_id, file.path, file.attributes
        FROM content JOIN scanning_sourcefile file ON file.sha256 = content.sha256
        UNION ALL
        SELECT file.id, file.sha256, file.library_id, file.path, file.attributes
        FROM asked JOIN scanning_sourcefile file ON file.id = asked.id
        WHERE asked.sha256 IS NULL
    ), found AS MATERIALIZED (
        SELECT member.id, member.sha256, hold.id AS hold
        FROM member JOIN review_hold_in_force hold ON hold.source_file_id = member.id
        UNION
        SELECT member.id, member.sha256, hold.id
        FROM member JOIN review_hold_in_force hold
          ON hold.library_id = member.library_id AND hold.attribute_name = ''
        WHERE hold.folder = '' OR starts_with(member.path, hold.folder || '/')
        UNION
        SELECT member.id, member.sha256, hold.id
        FROM member
        CROSS JOIN LATERAL jsonb_each(
            CASE jsonb_typeof(member.attributes) WHEN 'object' THEN member.attributes END
        ) AS attribute (name, value)
        JOIN review_hold_in_force hold ON hold.attribute_name = attribute.name
         AND hold.attribute_name <> '' AND to_jsonb(hold.attribute_value) = attribute.value
        WHERE hold.library_id IS NULL OR hold.library_id = member.library_id
        UNION
        SELECT member.id, member.sha256, hold.id
        FROM member JOIN review_heldbefore before ON before.source_file_id = member.id
         AND before.sha256 IS NULL
        JOIN review_hold_in_force hold ON hold.id = before.hold_id
    )
    SELECT same.origin, found.hold FROM same JOIN found ON found.sha256 = same.sha256
    UNION
    SELECT found.id, found.hold FROM found WHERE found.sha256 IS NULL
    UNION
    SELECT same.origin, hold.id
    FROM same
    JOIN scanning_picture picture ON picture.sha256 = same.sha256
    JOIN review_hold_in_force hold ON hold.picture_id = picture.id
    UNION
    SELECT same.origin, hold.id
    FROM same
    JOIN review_heldbefore before ON before.sha256 = same.sha256
    JOIN review_hold_in_force hold ON hold.id = before.hold_id
$$;
"""

# Only what covers the file itself: a hold on a picture finds its copies without this one.
CONTENT_STAYS_HELD = """
CREATE FUNCTION review_content_stays_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO review_heldbefore (hold_id, source_file_id, sha256, since)
    SELECT hold.id, OLD.id, OLD.sha256, now() FROM review_hold_in_force hold
    WHERE hold.source_file_id = OLD.id
       OR hold.library_id = OLD.library_id AND hold.attribute_name = ''
          AND (hold.folder = '' OR starts_with(OLD.path, hold.folder || '/'))
       OR hold.attribute_name <> ''
          AND (hold.library_id IS NULL OR hold.library_id = OLD.library_id)
          AND OLD.attributes @> jsonb_build_object(hold.attribute_name, hold.attribute_value)
       OR EXISTS (SELECT FROM review_heldbefore before
                  WHERE before.hold_id = hold.id AND before.source_file_id = OLD.id
                    AND before.sha256 IS NULL)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER review_content_stays_held AFTER UPDATE OF sha256 ON scanning_sourcefile
    FOR EACH ROW WHEN (OLD.sha256 IS NOT NULL AND OLD.sha256 IS DISTINCT FROM NEW.sha256)
    EXECUTE FUNCTION review_content_stays_held();
"""

BLOCKED = """
CREATE OR REPLACE FUNCTION review_file_is_blocked(file bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM scanning_sourcefile known
                       WHERE known.id = file AND known.sha256 IS NOT NULL AND known.state = 'read')
        OR review_file_is_held(file) OR review_file_is_retained(file)
$$;
"""

ALL = (DIRECTLY, HOLDS_ON, CONTENT_STAYS_HELD, BLOCKED)


def _as_before() -> str:
    """The functions as the migrations before this one made them."""
    holding = import_module("review.migrations.0005_holding")
    keeping = import_module("review.migrations.0006_keeping")
    blocked = keeping.BLOCKED[keeping.BLOCKED.index("CREATE FUNCTION review_file_is_blocked") :]
    functions = "".join((holding.DIRECTLY, holding.HOLDS_ON, blocked))
    return (
        "DROP TRIGGER review_content_stays_held ON scanning_sourcefile;"
        "DROP FUNCTION review_content_stays_held();"
        + functions.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    )


class Migration(migrations.Migration):
    dependencies = [("review", "0007_retention_presets")]
    operations = [
        migrations.AddField("heldbefore", "sha256", models.BinaryField(max_length=32, null=True)),
        migrations.RemoveConstraint("heldbefore", "held_before_once"),
        migrations.AddConstraint(
            "heldbefore",
            models.UniqueConstraint(
                fields=["source_file", "hold", "sha256"],
                nulls_distinct=False,
                name="held_before_once",
            ),
        ),
        migrations.AddIndex(
            "heldbefore",
            models.Index(
                fields=["sha256"],
                condition=models.Q(sha256__isnull=False),
                name="held_before_content",
            ),
        ),
        migrations.RunSQL("".join(ALL), _as_before()),
    ]
