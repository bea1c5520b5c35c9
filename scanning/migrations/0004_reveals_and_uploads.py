"""Sensitive pictures that are revealed for a while, and who uploaded which content.

Uploads of before are read from the audit log, which has named them from the first day.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

UPLOADS_OF_BEFORE = """
INSERT INTO scanning_upload (user_id, sha256, at)
SELECT event.actor_id, decode(event.body::jsonb -> 'data' ->> 'sha256', 'hex'), min(event.at)
FROM audit_auditevent event JOIN accounts_user person ON person.id = event.actor_id
WHERE event.action = 'library.file_uploaded'
GROUP BY 1, 2
ON CONFLICT DO NOTHING;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("scanning", "0003_shared_join"),
        ("audit", "0004_log_intake"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Reveal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("session", models.CharField(max_length=64)),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("judging", "To judge whether pictures are duplicates"),
                            ("matter", "For a legal hold or its matter"),
                            ("request", "The person shown has asked for it"),
                            ("quality", "To check other people's verdicts"),
                            ("inspection", "For an audit or an inspection"),
                            ("other", "Another purpose: say which"),
                        ],
                        max_length=20,
                    ),
                ),
                ("note", models.TextField(blank=True)),
                ("at", models.DateTimeField()),
                ("until", models.DateTimeField()),
                (
                    "library",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="scanning.library",
                    ),
                ),
                (
                    "picture",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="scanning.picture",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["user", "until"], name="scanning_re_user_id_2653d0_idx")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "session", "picture"), name="revealed_once_per_session"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Upload",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sha256", models.BinaryField(max_length=32)),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("sha256", "user"), name="upload_once_per_person"
                    )
                ],
            },
        ),
        migrations.RunSQL(UPLOADS_OF_BEFORE, migrations.RunSQL.noop),
    ]
