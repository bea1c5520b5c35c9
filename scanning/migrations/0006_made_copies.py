"""Copies that the server makes, for hidden known pairs."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scanning", "0005_set_aside"),
    ]

    operations = [
        migrations.CreateModel(
            name="MadeCopy",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                (
                    "recipe",
                    models.CharField(
                        choices=[
                            ("recompressed", "Compressed again"),
                            ("resized", "Resized"),
                            ("cropped", "Slightly cropped"),
                            ("stamped", "A small stamp added"),
                        ],
                        max_length=12,
                    ),
                ),
                ("path", models.TextField()),
                ("modified_ns", models.BigIntegerField()),
                ("attributes", models.JSONField(default=dict)),
                ("sha256", models.BinaryField(max_length=32)),
                ("byte_size", models.PositiveBigIntegerField()),
                ("width", models.PositiveIntegerField()),
                ("height", models.PositiveIntegerField()),
                (
                    "library",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scanning.library",
                    ),
                ),
                (
                    "origin",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scanning.picture",
                    ),
                ),
            ],
        ),
    ]
