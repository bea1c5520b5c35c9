from django.db import migrations, models


class Migration(migrations.Migration):
    """What a file was read with names the libraries of its format as well."""

    dependencies = [("scanning", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name=model,
            name="read_with",
            field=models.CharField(blank=True, max_length=500),
        )
        for model in ("picture", "sourcefile")
    ]
