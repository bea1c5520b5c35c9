"""What Postgres refuses about plans, whoever writes: see docs/trust.md, "Action plans"."""

from django.db import migrations

from dedup_site.audit.append_only import append_only

# A proposed plan says what it says, and goes from state to state in one direction.
PLAN = """
CREATE FUNCTION review_plan_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state <> 'draft' THEN
            RAISE EXCEPTION 'plan %: only a draft can be deleted', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' THEN
            RAISE EXCEPTION 'a plan begins as a draft' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state <> 'draft' AND
        (OLD.id, OLD.library_id, OLD.action, OLD.rule_id, OLD.keep_order, OLD.cooling_off_days,
         OLD.price_per_gb_month, OLD.narrowed, OLD.note, OLD.rules_digest, OLD.digest,
         OLD.acting_count, OLD.acting_bytes, OLD.blocked_count, OLD.blocked_bytes,
         OLD.made_by_id, OLD.made_at, OLD.proposed_at) IS DISTINCT FROM
        (NEW.id, NEW.library_id, NEW.action, NEW.rule_id, NEW.keep_order, NEW.cooling_off_days,
         NEW.price_per_gb_month, NEW.narrowed, NEW.note, NEW.rules_digest, NEW.digest,
         NEW.acting_count, NEW.acting_bytes, NEW.blocked_count, NEW.blocked_bytes,
         NEW.made_by_id, NEW.made_at, NEW.proposed_at)
    THEN
        RAISE EXCEPTION 'plan % has been proposed: what it says cannot be changed', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.id, OLD.made_by_id, OLD.library_id) IS DISTINCT FROM
        (NEW.id, NEW.made_by_id, NEW.library_id)
    THEN
        RAISE EXCEPTION 'plan % stays that of its maker and its library', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.approved_by_id IS NOT NULL AND
        (OLD.approved_by_id, OLD.approved_at) IS DISTINCT FROM
        (NEW.approved_by_id, NEW.approved_at)
    THEN
        RAISE EXCEPTION 'plan %: who approved it cannot be changed', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state <> OLD.state AND NOT (OLD.state || '>' || NEW.state) = ANY (ARRAY[
        'draft>proposed', 'draft>withdrawn', 'proposed>approved', 'proposed>refused',
        'proposed>withdrawn', 'proposed>void', 'approved>executing', 'approved>withdrawn',
        'approved>void', 'executing>done', 'executing>void'])
    THEN
        RAISE EXCEPTION 'plan % cannot go from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'approved' AND NOT EXISTS (
        SELECT FROM review_plananswer answer
        WHERE answer.plan_id = NEW.id AND answer.is_approved AND answer.digest = NEW.digest
          AND answer.given_by_id = NEW.approved_by_id)
    THEN
        RAISE EXCEPTION 'plan % has no approval for what it says', OLD.id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_plan_guard BEFORE INSERT OR UPDATE OR DELETE ON review_actionplan
    FOR EACH ROW EXECUTE FUNCTION review_plan_guard();
"""

# Another person than the maker, and nobody who judged (or once judged) one of its pairs.
ANSWER = """
CREATE FUNCTION review_plan_answer_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    plan review_actionplan;
BEGIN
    SELECT * INTO plan FROM review_actionplan WHERE id = NEW.plan_id FOR SHARE;
    IF plan.state <> 'proposed' OR plan.digest <> NEW.digest THEN
        RAISE EXCEPTION 'plan % does not wait for this answer', NEW.plan_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.is_approved AND plan.made_by_id = NEW.given_by_id THEN
        RAISE EXCEPTION 'plan % is approved by another person than its maker', NEW.plan_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.is_approved AND EXISTS (
        SELECT FROM review_planitem item
        JOIN review_decision decision ON decision.id = item.decision_id
        JOIN review_decision judged ON judged.pair_id = decision.pair_id
        WHERE item.plan_id = NEW.plan_id AND item.fate = 'act'
          AND judged.reviewer_id = NEW.given_by_id)
    THEN
        RAISE EXCEPTION 'plan % is approved by nobody who judged one of its pairs', NEW.plan_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_plan_answer_guard BEFORE INSERT ON review_plananswer
    FOR EACH ROW EXECUTE FUNCTION review_plan_answer_guard();
"""

# Items come and go with a draft only. Execution changes their last columns, step by step.
ITEM = """
CREATE FUNCTION review_plan_item_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    plan review_actionplan;
BEGIN
    IF TG_OP = 'DELETE' THEN
        SELECT * INTO plan FROM review_actionplan WHERE id = OLD.plan_id FOR SHARE;
        IF plan.state <> 'draft' THEN
            RAISE EXCEPTION 'plan % has been proposed: its items cannot be changed', OLD.plan_id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'INSERT' THEN
        SELECT * INTO plan FROM review_actionplan WHERE id = NEW.plan_id FOR SHARE;
        IF plan.state <> 'draft' OR NEW.state NOT IN ('none', 'draft') THEN
            RAISE EXCEPTION 'plan % has been proposed: its items cannot be changed', NEW.plan_id
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF EXISTS (SELECT FROM scanning_sourcefile file
                   WHERE file.id IN (NEW.source_file_id, NEW.keeper_id)
                     AND file.library_id <> plan.library_id)
        THEN
            RAISE EXCEPTION 'plan %: a file of another library', NEW.plan_id
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.id, OLD.plan_id, OLD.fate, OLD.reasons, OLD.source_file_id, OLD.sha256, OLD.size,
        OLD.inode, OLD.modified_ns, OLD.changed_ns, OLD.keeper_id, OLD.keeper_sha256,
        OLD.keeper_size, OLD.kept_for, OLD.decision_id) IS DISTINCT FROM
       (NEW.id, NEW.plan_id, NEW.fate, NEW.reasons, NEW.source_file_id, NEW.sha256, NEW.size,
        NEW.inode, NEW.modified_ns, NEW.changed_ns, NEW.keeper_id, NEW.keeper_sha256,
        NEW.keeper_size, NEW.kept_for, NEW.decision_id)
    THEN
        RAISE EXCEPTION 'item %: what it says cannot be changed', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.quarantined_at IS NOT NULL AND OLD.quarantined_at IS DISTINCT FROM NEW.quarantined_at
    THEN
        RAISE EXCEPTION 'item %: when it went into quarantine cannot be changed', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = OLD.state THEN
        RETURN NEW;
    END IF;
    IF NOT (OLD.state || '>' || NEW.state) = ANY (ARRAY[
        'draft>planned', 'draft>dropped', 'planned>moving', 'planned>skipped', 'planned>failed',
        'planned>dropped', 'moving>planned', 'moving>quarantined', 'moving>skipped',
        'moving>failed', 'quarantined>purging', 'quarantined>restoring', 'quarantined>failed',
        'purging>purged', 'purging>quarantined', 'purging>failed', 'restoring>restored',
        'restoring>quarantined', 'restoring>failed', 'failed>planned', 'failed>quarantined',
        'failed>restored', 'failed>skipped'])
    THEN
        RAISE EXCEPTION 'item % cannot go from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT * INTO plan FROM review_actionplan WHERE id = NEW.plan_id FOR SHARE;
    IF NEW.state = 'planned' AND plan.state NOT IN ('proposed', 'executing')
       OR NEW.state = 'dropped' AND plan.state NOT IN ('void', 'refused', 'withdrawn')
       OR NEW.state = 'moving' AND (plan.state <> 'executing' OR plan.action = 'to_do')
       OR NEW.state = 'purging' AND plan.state NOT IN ('executing', 'done')
    THEN
        RAISE EXCEPTION 'item % cannot be % while its plan is %', OLD.id, NEW.state, plan.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'moving' THEN
        IF review_file_is_blocked(NEW.source_file_id) THEN
            RAISE EXCEPTION 'item %: its file is held, or to be kept', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF NOT EXISTS (
            SELECT FROM scanning_sourcefile keeper
            WHERE keeper.id = NEW.keeper_id AND keeper.is_present AND keeper.state = 'read'
              AND keeper.sha256 = NEW.keeper_sha256)
        THEN
            RAISE EXCEPTION 'item %: its keeper is not there as planned', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    IF NEW.state = 'quarantined' AND (
        NEW.quarantined_at IS NULL OR OLD.quarantined_at IS NULL
        AND NEW.quarantined_at < clock_timestamp() - interval '1 day')
    THEN
        RAISE EXCEPTION 'item %: it goes into quarantine now', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    -- The row of the file may know of what stands in its place by now: the content counts too.
    IF NEW.state = 'purging' AND (
        NEW.quarantined_at + make_interval(days => plan.cooling_off_days) > clock_timestamp()
        OR review_file_is_held(NEW.source_file_id)
        OR review_file_is_retained(NEW.source_file_id)
        OR NEW.sha256 IN (SELECT review_held_contents()))
    THEN
        RAISE EXCEPTION 'item %: it is held, to be kept, or still cooling off', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_plan_item_guard BEFORE INSERT OR UPDATE OR DELETE ON review_planitem
    FOR EACH ROW EXECUTE FUNCTION review_plan_item_guard();
"""

# Never the last copy: whatever went, or may go, has its keeper; a keeper never goes. The lock makes
# plans that are proposed at the same time wait for each other.
KEEPER = """
CREATE FUNCTION review_plan_keeper_stays() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7720901, plan.library_id::int)
    FROM review_actionplan plan WHERE plan.id = NEW.plan_id;
    IF EXISTS (
        SELECT FROM review_planitem other
        WHERE other.keeper_id = NEW.source_file_id AND other.state IN
            ('planned', 'moving', 'quarantined', 'purging', 'purged', 'restoring', 'failed'))
    OR EXISTS (
        SELECT FROM review_planitem other
        WHERE other.source_file_id = NEW.keeper_id AND other.state IN
            ('planned', 'moving', 'quarantined', 'purging', 'purged', 'restoring', 'failed'))
    THEN
        RAISE EXCEPTION 'item %: a file that is kept for others does not go', NEW.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER review_plan_keeper_stays AFTER UPDATE OF state ON review_planitem
    FOR EACH ROW WHEN (NEW.state = 'planned' AND OLD.state <> 'planned')
    EXECUTE FUNCTION review_plan_keeper_stays();
"""

ALWAYS = """
ALTER TABLE review_actionplan ENABLE ALWAYS TRIGGER review_plan_guard;
ALTER TABLE review_plananswer ENABLE ALWAYS TRIGGER review_plan_answer_guard;
ALTER TABLE review_planitem ENABLE ALWAYS TRIGGER review_plan_item_guard;
ALTER TABLE review_planitem ENABLE ALWAYS TRIGGER review_plan_keeper_stays;
CREATE TRIGGER review_plan_table BEFORE TRUNCATE ON review_actionplan
    FOR EACH STATEMENT EXECUTE FUNCTION second_look_append_only();
CREATE TRIGGER review_plan_item_table BEFORE TRUNCATE ON review_planitem
    FOR EACH STATEMENT EXECUTE FUNCTION second_look_append_only();
ALTER TABLE review_actionplan ENABLE ALWAYS TRIGGER review_plan_table;
ALTER TABLE review_planitem ENABLE ALWAYS TRIGGER review_plan_item_table;
"""

GONE = """
DROP TRIGGER review_plan_item_table ON review_planitem;
DROP TRIGGER review_plan_table ON review_actionplan;
DROP TRIGGER review_plan_keeper_stays ON review_planitem;
DROP FUNCTION review_plan_keeper_stays();
DROP TRIGGER review_plan_item_guard ON review_planitem;
DROP FUNCTION review_plan_item_guard();
DROP TRIGGER review_plan_answer_guard ON review_plananswer;
DROP FUNCTION review_plan_answer_guard();
DROP TRIGGER review_plan_guard ON review_actionplan;
DROP FUNCTION review_plan_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("review", "0010_action_plans")]
    operations = [
        migrations.RunSQL("".join((PLAN, ANSWER, ITEM, KEEPER, ALWAYS)), GONE),
        *(
            append_only(table)
            for table in (
                "review_actionrule",
                "review_plananswer",
                "review_planstep",
                "review_certificate",
            )
        ),
    ]
