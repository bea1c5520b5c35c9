"""What a hold covers, as functions of Postgres: pages ask them, and so does what refuses actions.

Two directions that must agree (tests/review/test_covering.py holds them together):
`review_held_files` starts from the holds, for lists and counts; `review_holds_on` starts from
files, for reasons and for the refusal.
"""

from django.db import migrations

from dedup_site.audit.append_only import append_only

# A hold ends at the moment that its approved release names, unless that was withdrawn.
IN_FORCE = """
CREATE VIEW review_hold_in_force AS
SELECT hold.id, hold.matter_id, hold.picture_id, hold.source_file_id, hold.library_id,
       hold.folder, hold.attribute_name, hold.attribute_value
FROM review_hold hold
WHERE NOT EXISTS (
    SELECT FROM review_holdrelease release
    JOIN review_releaseapproval approval ON approval.release_id = release.id
    WHERE release.hold_id = hold.id AND approval.effective_at <= now()
      AND NOT EXISTS (
          SELECT FROM review_releasewithdrawal withdrawal
          WHERE withdrawal.release_id = release.id));
"""

# Contents that confirmed pairs join to one content, one step away.
NEXT_TO = """
CREATE FUNCTION review_next_to(content bytea) RETURNS SETOF bytea
LANGUAGE sql STABLE PARALLEL SAFE ROWS 2 AS $$
    SELECT other.sha256
    FROM scanning_picture picture
    JOIN scanning_candidatepair pair ON pair.left_id = picture.id
    JOIN review_pairreview review ON review.pair_id = pair.id AND review.verdict = 'duplicate'
    JOIN scanning_picture other ON other.id = pair.right_id
    WHERE picture.sha256 = content
    UNION ALL
    SELECT other.sha256
    FROM scanning_picture picture
    JOIN scanning_candidatepair pair ON pair.right_id = picture.id
    JOIN review_pairreview review ON review.pair_id = pair.id AND review.verdict = 'duplicate'
    JOIN scanning_picture other ON other.id = pair.left_id
    WHERE picture.sha256 = content
$$;
"""

# What holds cover before it spreads to copies: files, and contents of held pictures.
DIRECTLY = """
CREATE FUNCTION review_directly_held(holds bigint[] DEFAULT NULL)
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
$$;
"""

# With all copies. Only contents that stand in a confirmed pair can lead to others.
CONTENTS = """
CREATE FUNCTION review_held_contents(holds bigint[] DEFAULT NULL) RETURNS SETOF bytea
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000 AS $$
    WITH RECURSIVE held AS MATERIALIZED (
        SELECT DISTINCT direct.sha256 FROM review_directly_held(holds) direct
        WHERE direct.sha256 IS NOT NULL
    ), joined AS MATERIALIZED (
        SELECT picture.sha256
        FROM review_pairreview review
        JOIN scanning_candidatepair pair ON pair.id = review.pair_id
        JOIN scanning_picture picture ON picture.id IN (pair.left_id, pair.right_id)
        WHERE review.verdict = 'duplicate'
    ), spread AS (
        SELECT held.sha256 FROM held WHERE held.sha256 IN (SELECT joined.sha256 FROM joined)
        UNION
        SELECT neighbour.sha256
        FROM spread CROSS JOIN LATERAL review_next_to(spread.sha256) AS neighbour (sha256)
    )
    SELECT sha256 FROM held UNION SELECT sha256 FROM spread
$$;
CREATE FUNCTION review_held_files(holds bigint[] DEFAULT NULL) RETURNS SETOF bigint
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000 AS $$
    SELECT direct.source_file_id FROM review_directly_held(holds) direct
    WHERE direct.source_file_id IS NOT NULL
    UNION
    SELECT file.id FROM scanning_sourcefile file
    WHERE file.sha256 IN (SELECT review_held_contents(holds))
$$;
CREATE FUNCTION review_held_pictures(holds bigint[] DEFAULT NULL) RETURNS SETOF bigint
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000 AS $$
    SELECT picture.id FROM scanning_picture picture
    WHERE picture.sha256 IN (SELECT review_held_contents(holds))
$$;
"""

# The other way: from files to the holds on them. Each content is looked at once.
HOLDS_ON = """
CREATE FUNCTION review_holds_on(files bigint[])
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
$$;
"""

# For whatever acts on files. A file that nobody knows is not free to act upon.
# The search path is fixed, so that no temporary table can stand in for one of ours.
IS_HELD = """
CREATE FUNCTION review_file_is_held(file bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM scanning_sourcefile known WHERE known.id = file)
        OR EXISTS (SELECT FROM review_holds_on(ARRAY[file]))
$$;
"""

# No edit of a manifest or a path pattern lifts a hold on an attribute.
STAYS_HELD = """
CREATE FUNCTION review_stays_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO review_heldbefore (hold_id, source_file_id, since)
    SELECT hold.id, OLD.id, now() FROM review_hold_in_force hold
    WHERE hold.attribute_name <> ''
      AND (hold.library_id IS NULL OR hold.library_id = OLD.library_id)
      AND OLD.attributes @> jsonb_build_object(hold.attribute_name, hold.attribute_value)
      AND NOT NEW.attributes @> jsonb_build_object(hold.attribute_name, hold.attribute_value)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER review_stays_held AFTER UPDATE OF attributes ON scanning_sourcefile
    FOR EACH ROW WHEN (OLD.attributes IS DISTINCT FROM NEW.attributes)
    EXECUTE FUNCTION review_stays_held();
"""

# Two people, also where somebody writes to the table by hand.
TWO_PEOPLE = """
CREATE FUNCTION review_release_needs_two() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM review_holdrelease release
               WHERE release.id = NEW.release_id AND release.proposed_by_id = NEW.approved_by_id)
    THEN
        RAISE EXCEPTION 'a release is approved by another person than the one who proposed it'
            USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM review_releasewithdrawal withdrawal
               WHERE withdrawal.release_id = NEW.release_id)
    THEN
        RAISE EXCEPTION 'a withdrawn release cannot be approved'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_release_needs_two BEFORE INSERT ON review_releaseapproval
    FOR EACH ROW EXECUTE FUNCTION review_release_needs_two();
"""

GONE = """
DROP TRIGGER review_release_needs_two ON review_releaseapproval;
DROP FUNCTION review_release_needs_two();
DROP TRIGGER review_stays_held ON scanning_sourcefile;
DROP FUNCTION review_stays_held();
DROP FUNCTION review_file_is_held(bigint);
DROP FUNCTION review_holds_on(bigint[]);
DROP FUNCTION review_held_pictures(bigint[]);
DROP FUNCTION review_held_files(bigint[]);
DROP FUNCTION review_held_contents(bigint[]);
DROP FUNCTION review_directly_held(bigint[]);
DROP FUNCTION review_next_to(bytea);
DROP VIEW review_hold_in_force;
"""

ALL = (IN_FORCE, NEXT_TO, DIRECTLY, CONTENTS, HOLDS_ON, IS_HELD, STAYS_HELD, TWO_PEOPLE)


class Migration(migrations.Migration):
    dependencies = [("review", "0004_matters_holds_retention"), ("audit", "0002_append_only")]
    operations = [
        migrations.RunSQL("".join(ALL), GONE),
        *(
            append_only(table)
            for table in (
                "review_holdrelease",
                "review_releaseapproval",
                "review_releasewithdrawal",
                "review_heldbefore",
            )
        ),
    ]
