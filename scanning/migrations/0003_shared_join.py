import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Matching in shares that remember what they found, and parts of pictures as a choice."""

    dependencies = [("scanning", "0002_longer_versions")]

    operations = [
        migrations.AddField(
            model_name="scanjob",
            name="find_crops",
            field=models.BooleanField(default=True, verbose_name="find parts of pictures"),
        ),
        migrations.AddField(
            model_name="scanrun",
            name="figures",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="chunk",
            name="part",
            field=models.JSONField(default=dict),
        ),
        migrations.CreateModel(
            name="Joined",
            fields=[
                (
                    "chunk",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="joined",
                        serialize=False,
                        to="scanning.chunk",
                    ),
                ),
                ("key", models.TextField(blank=True)),
                ("arrays", models.BinaryField()),
                ("figures", models.JSONField(default=dict)),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="joined",
                        to="scanning.scanjob",
                    ),
                ),
            ],
        ),
    ]
