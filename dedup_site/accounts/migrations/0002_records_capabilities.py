
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='user',
            options={'permissions': [('review_pairs', 'Judge candidate pairs'), ('read_pairs', 'Look at pairs and pictures'), ('place_holds', 'Place legal holds'), ('manage_matters', 'Open matters'), ('approve_releases', 'Approve releases of legal holds'), ('manage_retention', 'Keep retention rules'), ('approve_retention', 'Approve shorter retention'), ('manage_libraries', 'Set up libraries and scan jobs'), ('run_scans', 'Start, pause and cancel scans'), ('manage_access', 'Give people roles and libraries'), ('read_audit', 'Read and export the audit log')], 'verbose_name': 'user', 'verbose_name_plural': 'users'},
        ),
    ]
