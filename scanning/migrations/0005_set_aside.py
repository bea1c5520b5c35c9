"""When an approved action plan took a file away."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scanning", "0004_reveals_and_uploads")]
    operations = [
        migrations.AddField("sourcefile", "set_aside_at", models.DateTimeField(null=True)),
    ]
