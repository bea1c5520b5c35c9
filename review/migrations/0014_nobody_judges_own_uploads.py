"""Postgres refuses a verdict by somebody who uploaded a file of its pair, whatever writes it."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION review_not_by_uploader() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM scanning_candidatepair pair
        JOIN scanning_picture picture ON picture.id IN (pair.left_id, pair.right_id)
        JOIN scanning_upload upload
          ON upload.sha256 = picture.sha256 AND upload.user_id = NEW.reviewer_id
        WHERE pair.id = NEW.pair_id
    ) THEN
        RAISE EXCEPTION 'whoever uploaded a file of pair % does not judge it', NEW.pair_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER verdict_not_by_uploader BEFORE INSERT ON review_decision
    FOR EACH ROW WHEN (NEW.verdict <> 'withdrawn') EXECUTE FUNCTION review_not_by_uploader();
"""
REFUSE_NOT = """
DROP TRIGGER verdict_not_by_uploader ON review_decision;
DROP FUNCTION review_not_by_uploader();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0013_holds_before_moves"),
        ("scanning", "0004_reveals_and_uploads"),
    ]
    operations = [migrations.RunSQL(REFUSE, REFUSE_NOT)]
