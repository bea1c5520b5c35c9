"""Second reviews and samples. Until two people agree, Postgres itself keeps a pair undecided."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from dedup_site.audit.append_only import append_only

# A second review names the people who really judged, each on this pair, and is settled only by two
# equal verdicts, by a third person, or by a legal hold, which nothing keeps waiting.
FITS = """
CREATE FUNCTION review_second_review_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    one review_decision; two review_decision; three review_decision; last review_decision;
BEGIN
    SELECT * INTO one FROM review_decision WHERE id = NEW.first_id;
    SELECT * INTO two FROM review_decision WHERE id = NEW.second_id;
    SELECT * INTO three FROM review_decision WHERE id = NEW.third_id;
    SELECT * INTO last FROM review_decision WHERE id = NEW.settled_id;
    IF one.pair_id <> NEW.pair_id OR one.reviewer_id <> NEW.first_judge_id
       OR one.verdict NOT IN ('duplicate', 'not_duplicate')
       OR two.pair_id <> NEW.pair_id OR two.reviewer_id <> NEW.second_judge_id
       OR two.verdict NOT IN ('duplicate', 'not_duplicate')
       OR three.pair_id <> NEW.pair_id OR three.reviewer_id <> NEW.adjudicator_id
       OR last.pair_id <> NEW.pair_id THEN
        RAISE EXCEPTION 'the verdicts of a second review are not those of its judges'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.settled_id IS NOT NULL AND last.verdict <> 'legal_hold' AND NOT (
        three.id IS NOT NULL AND NEW.settled_id = three.id
        OR three.id IS NULL AND NEW.settled_id IN (one.id, two.id) AND two.verdict = one.verdict
    ) THEN
        RAISE EXCEPTION 'a second review is settled by two equal verdicts or a third person'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER second_review_fits BEFORE INSERT OR UPDATE ON review_secondreview
    FOR EACH ROW EXECUTE FUNCTION review_second_review_fits();
"""
FITS_NOT = """
DROP TRIGGER second_review_fits ON review_secondreview;
DROP FUNCTION review_second_review_fits();
"""

# Whatever writes verdicts, one pair or thousands: what waits for a second person is not decided.
WAITS = """
CREATE FUNCTION review_waits_for_second() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM review_secondreview
        WHERE pair_id = NEW.pair_id AND NOT ended AND settled_id IS NULL
    ) THEN
        RAISE EXCEPTION 'pair % waits for a second review', NEW.pair_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER verdict_waits_for_second BEFORE INSERT OR UPDATE OF verdict ON review_pairreview
    FOR EACH ROW WHEN (NEW.verdict IN ('duplicate', 'not_duplicate'))
    EXECUTE FUNCTION review_waits_for_second();
"""
WAITS_NOT = """
DROP TRIGGER verdict_waits_for_second ON review_pairreview;
DROP FUNCTION review_waits_for_second();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('scanning', '0003_shared_join'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('review', '0008_content_stays_held'),
    ]

    operations = [
        migrations.CreateModel(
            name='QualitySample',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('rejected', 'Pairs that were called not duplicates'), ('lookalike', 'Look-alikes that nobody has judged')], max_length=10)),
                ('score_from', models.PositiveSmallIntegerField(default=0)),
                ('seed', models.CharField(max_length=32)),
                ('population', models.PositiveIntegerField()),
                ('drawn_at', models.DateTimeField(auto_now_add=True)),
                ('drawn_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('library', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='quality_samples', to='scanning.library')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='QualitySamplePair',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('pair', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='scanning.candidatepair')),
                ('sample', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sample_pairs', to='review.qualitysample')),
            ],
        ),
        migrations.AddField(
            model_name='qualitysample',
            name='pairs',
            field=models.ManyToManyField(related_name='quality_samples', through='review.QualitySamplePair', to='scanning.candidatepair'),
        ),
        migrations.CreateModel(
            name='SecondReviewRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('mode', models.CharField(choices=[('off', 'Nothing'), ('sample', 'A random sample'), ('everything', 'Everything')], max_length=10)),
                ('percent', models.PositiveSmallIntegerField(default=0)),
                ('shows_names', models.BooleanField(default=False)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('library', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='second_review_rules', to='scanning.library')),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['library', '-number'],
            },
        ),
        migrations.CreateModel(
            name='SecondReview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ended', models.BooleanField(default=False)),
                ('opened_at', models.DateTimeField(auto_now_add=True)),
                ('adjudicator', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('first', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='review.decision')),
                ('first_judge', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('library', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='second_reviews', to='scanning.library')),
                ('pair', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='second_reviews', to='scanning.candidatepair')),
                ('sample', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='review.qualitysample')),
                ('second', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='review.decision')),
                ('second_judge', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('settled', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='review.decision')),
                ('third', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='review.decision')),
                ('rule', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='review.secondreviewrule')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.AddConstraint(
            model_name='qualitysamplepair',
            constraint=models.UniqueConstraint(fields=('sample', 'pair'), name='pair_once_per_sample'),
        ),
        migrations.AddConstraint(
            model_name='secondreviewrule',
            constraint=models.UniqueConstraint(fields=('library', 'number'), name='second_review_rule_once'),
        ),
        migrations.AddConstraint(
            model_name='secondreviewrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('mode', 'off'), ('percent', 0)), models.Q(('mode', 'everything'), ('percent', 100)), models.Q(('mode', 'sample'), ('percent__gte', 1), ('percent__lte', 99)), _connector='OR'), name='second_review_share_fits_mode'),
        ),
        migrations.AddIndex(
            model_name='secondreview',
            index=models.Index(condition=models.Q(('ended', False), ('settled__isnull', True)), fields=['pair', 'first_judge'], name='second_review_open'),
        ),
        migrations.AddIndex(
            model_name='secondreview',
            index=models.Index(fields=['library', 'opened_at'], name='review_seco_library_f6fab1_idx'),
        ),
        migrations.AddConstraint(
            model_name='secondreview',
            constraint=models.UniqueConstraint(condition=models.Q(('ended', False)), fields=('pair',), name='one_second_review_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='secondreview',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('second__isnull', True), ('second_judge__isnull', True)), models.Q(('second__isnull', False), ('second_judge__isnull', False), models.Q(('second_judge', models.F('first_judge')), _negated=True)), _connector='OR'), name='second_judge_is_another'),
        ),
        migrations.AddConstraint(
            model_name='secondreview',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('adjudicator__isnull', True), ('third__isnull', True)), models.Q(('adjudicator__isnull', False), ('second__isnull', False), ('third__isnull', False), models.Q(('adjudicator', models.F('first_judge')), _negated=True), models.Q(('adjudicator', models.F('second_judge')), _negated=True)), _connector='OR'), name='adjudicator_is_a_third'),
        ),
        append_only("review_secondreviewrule"),
        append_only("review_qualitysample"),
        append_only("review_qualitysamplepair"),
        migrations.RunSQL(FITS, FITS_NOT),
        migrations.RunSQL(WAITS, WAITS_NOT),
    ]
