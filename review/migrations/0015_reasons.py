"""Reasons are data: with words in both languages, in versions. Decisions keep their version."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from dedup_site.audit.append_only import append_only


# The version in force of a verdict's reason; an error where the verdict has no such reason.
VERSION_OF = """
CREATE FUNCTION review_reason_version(of_verdict text, of_reason text) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found bigint := (
        SELECT version.id FROM review_reasoncode reason
        JOIN review_reasonversion version ON version.reason_id = reason.id
        WHERE reason.code = of_reason AND reason.verdict = of_verdict
        ORDER BY version.number DESC LIMIT 1);
BEGIN
    IF found IS NULL THEN
        RAISE EXCEPTION 'there is no reason "%" for the verdict "%"', of_reason, of_verdict
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN found;
END $$;
"""

FILLED = """
CREATE FUNCTION review_decision_reason() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.reason_version_id := NULL;
    IF NEW.verdict <> 'withdrawn' THEN
        NEW.reason_version_id := review_reason_version(NEW.verdict, NEW.reason);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_decision_reason BEFORE INSERT ON review_decision
    FOR EACH ROW EXECUTE FUNCTION review_decision_reason();

CREATE FUNCTION review_group_decision_reason() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.reason_version_id := NULL;
    NEW.reason_apart_version_id := NULL;
    IF NEW.reason <> '' THEN
        NEW.reason_version_id := review_reason_version('duplicate', NEW.reason);
    END IF;
    IF NEW.reason_apart <> '' THEN
        NEW.reason_apart_version_id := review_reason_version('not_duplicate', NEW.reason_apart);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_group_decision_reason BEFORE INSERT ON review_groupdecision
    FOR EACH ROW EXECUTE FUNCTION review_group_decision_reason();

CREATE FUNCTION review_hold_reason() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.reason_version_id := review_reason_version('legal_hold', NEW.reason);
    RETURN NEW;
END $$;
CREATE TRIGGER review_hold_reason BEFORE INSERT ON review_hold
    FOR EACH ROW EXECUTE FUNCTION review_hold_reason();
"""

GONE = """
DROP TRIGGER review_hold_reason ON review_hold;
DROP TRIGGER review_group_decision_reason ON review_groupdecision;
DROP TRIGGER review_decision_reason ON review_decision;
DROP FUNCTION review_hold_reason();
DROP FUNCTION review_group_decision_reason();
DROP FUNCTION review_decision_reason();
DROP FUNCTION review_reason_version(text, text);
"""

# By verdict, in the order of their keys: the words under which decisions were given until now.
SHIPPED = {
    "duplicate": (
        ("same_picture", "Same picture", "同一圖片"),
        (
            "derivative",
            "Made from the other (resized, cropped, re-encoded, edited)",
            "由另一圖片製成（縮放、裁剪、重新編碼或編輯）",
        ),
        ("rescan", "Same sheet scanned again", "同一紙本再次掃描"),
    ),
    "not_duplicate": (
        ("other_record", "Same template, other record", "範本相同，紀錄不同"),
        ("similar_scene", "Similar scene or product", "場景或產品相似"),
        ("other_film", "Other film of the same subject", "同一對象的另一張影像"),
        (
            "legitimate_reuse",
            "Same picture, rightly used by both records",
            "同一圖片，兩項紀錄均正當使用",
        ),
        ("suspected_misuse", "Same picture, suspected misuse", "同一圖片，懷疑不當使用"),
        (
            "wrong_record",
            "Same picture, filed under the wrong record",
            "同一圖片，錯誤歸入其他紀錄",
        ),
    ),
    "legal_hold": (
        ("litigation", "Litigation or dispute", "訴訟或爭議"),
        ("investigation", "Investigation", "調查"),
        ("regulator", "Notice of a regulator", "監管機構通知"),
    ),
}
# Misuse is referred to whoever looks into it: said in the words from now on.
REWORDED = {
    "suspected_misuse": (
        "Same picture, suspected misuse, referred",
        "同一圖片，懷疑不當使用，已轉介",
    )
}


def ship(apps, schema_editor):
    codes = apps.get_model("review", "ReasonCode").objects
    versions = apps.get_model("review", "ReasonVersion").objects
    for verdict, reasons in SHIPPED.items():
        for place, (code, words, words_zh) in enumerate(reasons, start=1):
            reason = codes.create(code=code, verdict=verdict)
            texts = [(words, words_zh), *([REWORDED[code]] if code in REWORDED else [])]
            for number, (english, chinese) in enumerate(texts, start=1):
                versions.create(
                    reason=reason, number=number, words=english, words_zh=chinese, place=place
                )


class Migration(migrations.Migration):

    dependencies = [
        ('review', '0014_nobody_judges_own_uploads'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ReasonCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(max_length=20, unique=True, verbose_name='code')),
                ('verdict', models.CharField(choices=[('duplicate', 'Duplicate'), ('not_duplicate', 'Not a duplicate'), ('legal_hold', 'Legal hold')], max_length=13, verbose_name='verdict')),
            ],
            options={
                'ordering': ['verdict', 'code'],
            },
        ),
        migrations.AlterField(
            model_name='decision',
            name='reason',
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AlterField(
            model_name='groupdecision',
            name='reason',
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AlterField(
            model_name='groupdecision',
            name='reason_apart',
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AlterField(
            model_name='hold',
            name='reason',
            field=models.CharField(max_length=20),
        ),
        migrations.CreateModel(
            name='ReasonVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('words', models.CharField(max_length=120, verbose_name='words in English')),
                ('words_zh', models.CharField(max_length=120, verbose_name='words in Traditional Chinese')),
                ('place', models.PositiveSmallIntegerField(verbose_name='place')),
                ('is_retired', models.BooleanField(default=False, verbose_name='retired')),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('reason', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='review.reasoncode')),
            ],
            options={
                'ordering': ['reason', '-number'],
            },
        ),
        migrations.AddField(
            model_name='decision',
            name='reason_version',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='review.reasonversion'),
        ),
        migrations.AddField(
            model_name='groupdecision',
            name='reason_apart_version',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='review.reasonversion'),
        ),
        migrations.AddField(
            model_name='groupdecision',
            name='reason_version',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='review.reasonversion'),
        ),
        migrations.AddField(
            model_name='hold',
            name='reason_version',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='review.reasonversion'),
        ),
        migrations.AddConstraint(
            model_name='reasonversion',
            constraint=models.UniqueConstraint(fields=('reason', 'number'), name='reason_version_once'),
        ),
        migrations.AddConstraint(
            model_name='reasonversion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('words', ''), _negated=True), models.Q(('words_zh', ''), _negated=True)), name='reason_has_words'),
        ),
        migrations.RunSQL(VERSION_OF + FILLED, GONE),
        append_only("review_reasoncode"),
        append_only("review_reasonversion"),
        migrations.RunPython(ship, migrations.RunPython.noop),
    ]
