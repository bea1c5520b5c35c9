from django.db import migrations

from dedup_site.audit.append_only import append_only


def open_matter_for_holds_without_one(apps, schema_editor):
    """A hold must be possible at once, also before anybody has opened its matter."""
    apps.get_model("review", "Matter").objects.create(
        reference="UNASSIGNED", title="Holds that wait for their matter"
    )


class Migration(migrations.Migration):
    dependencies = [("review", "0001_initial"), ("audit", "0002_append_only")]
    operations = [
        append_only("review_decision"),
        append_only("review_hold"),
        migrations.RunPython(open_matter_for_holds_without_one, migrations.RunPython.noop),
    ]
