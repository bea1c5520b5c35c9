"""Hidden known pairs: rules, pairs, meetings and verdicts; none is a candidate pair."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from dedup_site.audit.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0015_reasons"),
        ("scanning", "0006_made_copies"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="KnownPair",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                (
                    "truth",
                    models.CharField(
                        choices=[("duplicate", "Duplicate"), ("not_duplicate", "Not a duplicate")],
                        max_length=13,
                    ),
                ),
                (
                    "tier",
                    models.CharField(
                        choices=[
                            ("identical", "Identical files"),
                            ("same_pixels", "Same pixels"),
                            ("near", "Near-duplicate"),
                            ("lookalike", "Look-alike"),
                        ],
                        max_length=11,
                    ),
                ),
                ("distance", models.PositiveSmallIntegerField(null=True)),
                ("score", models.PositiveSmallIntegerField()),
                ("transform", models.CharField(blank=True, max_length=200)),
                ("evidence", models.JSONField(default=dict)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                ("retired_at", models.DateTimeField(null=True)),
                (
                    "copy",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scanning.madecopy",
                    ),
                ),
                (
                    "left",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scanning.picture",
                    ),
                ),
                (
                    "library",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scanning.library",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "right",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scanning.picture",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scanning.candidatepair",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="KnownMeeting",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("in_front_of", models.BigIntegerField(null=True)),
                ("is_put_off", models.BooleanField(default=False)),
                ("is_over", models.BooleanField(default=False)),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "known",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="meetings",
                        to="review.knownpair",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="KnownPairRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("percent", models.PositiveSmallIntegerField()),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                (
                    "library",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scanning.library",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["library", "-number"],
            },
        ),
        migrations.CreateModel(
            name="KnownVerdict",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("duplicate", "Duplicate"),
                            ("not_duplicate", "Not a duplicate"),
                            ("legal_hold", "Legal hold"),
                            ("withdrawn", "Taken back"),
                        ],
                        max_length=13,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=20)),
                ("note", models.TextField(blank=True)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                (
                    "known",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="verdicts",
                        to="review.knownpair",
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "supersedes",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="superseded_by",
                        to="review.knownverdict",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.AddConstraint(
            model_name="knownpair",
            constraint=models.UniqueConstraint(
                fields=("library", "source"), name="known_source_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="knownpair",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("copy__isnull", True), ("left__isnull", False), ("right__isnull", False)
                    ),
                    models.Q(
                        ("copy__isnull", False), ("left__isnull", True), ("right__isnull", False)
                    ),
                    models.Q(
                        ("copy__isnull", False), ("left__isnull", False), ("right__isnull", True)
                    ),
                    _connector="OR",
                ),
                name="known_pair_has_two_sides",
            ),
        ),
        migrations.AddConstraint(
            model_name="knownmeeting",
            constraint=models.UniqueConstraint(
                fields=("known", "user"), name="known_pair_met_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="knownmeeting",
            constraint=models.UniqueConstraint(
                fields=("user", "in_front_of"), name="one_known_pair_in_front_of_a_pair"
            ),
        ),
        migrations.AddConstraint(
            model_name="knownpairrule",
            constraint=models.UniqueConstraint(
                fields=("library", "number"), name="known_pair_rule_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="knownpairrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("percent__lte", 20)), name="known_pairs_stay_few"
            ),
        ),
        migrations.AddIndex(
            model_name="knownverdict",
            index=models.Index(fields=["reviewer", "-id"], name="review_know_reviewe_16dba9_idx"),
        ),
        migrations.AddConstraint(
            model_name="knownverdict",
            constraint=models.UniqueConstraint(
                condition=models.Q(("supersedes__isnull", True)),
                fields=("known", "reviewer"),
                name="one_first_known_verdict",
            ),
        ),
        append_only("review_knownpairrule"),
        append_only("review_knownverdict"),
    ]
