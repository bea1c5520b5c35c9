
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('review', '0003_groups'),
        ('scanning', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HeldBefore',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name='HoldRelease',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.TextField(max_length=2000, verbose_name='reason')),
                ('proposed_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='LibraryScheme',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('needs_approval', models.BooleanField()),
                ('frees', models.JSONField(default=dict)),
                ('reason', models.TextField(blank=True, max_length=2000, verbose_name='reason for the change')),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('record_class', models.CharField(blank=True, max_length=64, verbose_name='record class')),
                ('class_attribute', models.CharField(blank=True, max_length=64, verbose_name='attribute')),
                ('class_values', models.JSONField(blank=True, default=dict, verbose_name='classes by value')),
                ('customer_attribute', models.CharField(blank=True, max_length=64, verbose_name='customer attribute')),
            ],
            options={
                'ordering': ['library', '-number'],
            },
        ),
        migrations.CreateModel(
            name='RecordClass',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(max_length=64, unique=True, verbose_name='code')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
            ],
            options={
                'ordering': ['code'],
            },
        ),
        migrations.CreateModel(
            name='ReleaseApproval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('approved_at', models.DateTimeField()),
                ('effective_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='ReleaseWithdrawal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('withdrawn_at', models.DateTimeField(auto_now_add=True)),
                ('reason', models.TextField(blank=True, max_length=2000, verbose_name='reason')),
            ],
        ),
        migrations.CreateModel(
            name='RetentionAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_approved', models.BooleanField()),
                ('given_at', models.DateTimeField(auto_now_add=True)),
                ('note', models.TextField(blank=True, max_length=2000)),
            ],
        ),
        migrations.CreateModel(
            name='RetentionRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(max_length=64, unique=True, verbose_name='code')),
            ],
            options={
                'ordering': ['code'],
            },
        ),
        migrations.CreateModel(
            name='RetentionRuleVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('needs_approval', models.BooleanField()),
                ('frees', models.JSONField(default=dict)),
                ('reason', models.TextField(blank=True, max_length=2000, verbose_name='reason for the change')),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('title', models.CharField(max_length=200, verbose_name='title')),
                ('citation', models.CharField(max_length=300, verbose_name='legal source')),
                ('link', models.URLField(blank=True, max_length=500, verbose_name='link to the source')),
                ('is_verified', models.BooleanField(default=False, verbose_name='verified against the source')),
                ('remark', models.TextField(blank=True, max_length=2000, verbose_name='remark')),
                ('classes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), size=None, verbose_name='record classes')),
                ('event_source', models.CharField(choices=[('attribute', 'Attribute or manifest column'), ('exif', 'Date taken (EXIF)'), ('file_date', 'Date of the file')], max_length=10, verbose_name='period begins with')),
                ('event_name', models.CharField(blank=True, max_length=64, verbose_name='attribute')),
                ('period', models.CharField(max_length=20, verbose_name='period')),
                ('is_retired', models.BooleanField(default=False, verbose_name='no longer applies')),
            ],
            options={
                'ordering': ['rule', '-number'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='hold',
            name='hold_covers_one_thing',
        ),
        migrations.AddField(
            model_name='hold',
            name='attribute_name',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='hold',
            name='attribute_value',
            field=models.CharField(blank=True, default='', max_length=200),
        ),
        migrations.AddField(
            model_name='hold',
            name='folder',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='matter',
            name='basis',
            field=models.TextField(blank=True, max_length=2000, verbose_name='legal basis'),
        ),
        migrations.AddField(
            model_name='matter',
            name='closed_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='matter',
            name='custodian',
            field=models.CharField(blank=True, max_length=200, verbose_name='custodian'),
        ),
        migrations.AddField(
            model_name='matter',
            name='is_confidential',
            field=models.BooleanField(default=False, verbose_name='confidential'),
        ),
        migrations.AddField(
            model_name='matter',
            name='readers',
            field=models.ManyToManyField(blank=True, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='matter',
            name='scope',
            field=models.TextField(blank=True, max_length=2000, verbose_name='scope'),
        ),
        migrations.AddField(
            model_name='matter',
            name='state',
            field=models.CharField(choices=[('open', 'Open'), ('closed', 'Closed')], default='open', max_length=6),
        ),
        migrations.AddIndex(
            model_name='hold',
            index=models.Index(condition=models.Q(('attribute_name', ''), _negated=True), fields=['attribute_name', 'attribute_value'], name='hold_by_attribute'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('attribute_name', ''), ('folder', ''), ('library__isnull', True), ('picture__isnull', False), ('source_file__isnull', True)), models.Q(('attribute_name', ''), ('folder', ''), ('library__isnull', True), ('picture__isnull', True), ('source_file__isnull', False)), models.Q(('attribute_name', ''), ('library__isnull', False), ('picture__isnull', True), ('source_file__isnull', True)), models.Q(('folder', ''), ('picture__isnull', True), ('source_file__isnull', True), models.Q(('attribute_name', ''), _negated=True)), _connector='OR'), name='hold_covers_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('attribute_name', ''), ('attribute_value', '')), models.Q(models.Q(('attribute_name', ''), _negated=True), models.Q(('attribute_value', ''), _negated=True)), _connector='OR'), name='hold_names_attribute_and_value'),
        ),
        migrations.AddConstraint(
            model_name='matter',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('state', 'open')), models.Q(('closed_at__isnull', False), ('state', 'closed')), _connector='OR'), name='matter_is_closed_at_a_time'),
        ),
        migrations.AddField(
            model_name='heldbefore',
            name='hold',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='review.hold'),
        ),
        migrations.AddField(
            model_name='heldbefore',
            name='source_file',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='scanning.sourcefile'),
        ),
        migrations.AddField(
            model_name='holdrelease',
            name='hold',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='releases', to='review.hold'),
        ),
        migrations.AddField(
            model_name='holdrelease',
            name='proposed_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='libraryscheme',
            name='based_on',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='review.libraryscheme'),
        ),
        migrations.AddField(
            model_name='libraryscheme',
            name='library',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='schemes', to='scanning.library'),
        ),
        migrations.AddField(
            model_name='libraryscheme',
            name='made_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='releaseapproval',
            name='approved_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='releaseapproval',
            name='release',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='approval', to='review.holdrelease'),
        ),
        migrations.AddField(
            model_name='releasewithdrawal',
            name='release',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='withdrawal', to='review.holdrelease'),
        ),
        migrations.AddField(
            model_name='releasewithdrawal',
            name='withdrawn_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='retentionanswer',
            name='given_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='retentionanswer',
            name='scheme',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='answer', to='review.libraryscheme'),
        ),
        migrations.AddField(
            model_name='retentionruleversion',
            name='based_on',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='review.retentionruleversion'),
        ),
        migrations.AddField(
            model_name='retentionruleversion',
            name='made_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='retentionruleversion',
            name='rule',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='review.retentionrule'),
        ),
        migrations.AddField(
            model_name='retentionanswer',
            name='rule_version',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='answer', to='review.retentionruleversion'),
        ),
        migrations.AddConstraint(
            model_name='heldbefore',
            constraint=models.UniqueConstraint(fields=('source_file', 'hold'), name='held_before_once'),
        ),
        migrations.AddConstraint(
            model_name='holdrelease',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='release_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='libraryscheme',
            constraint=models.UniqueConstraint(fields=('library', 'number'), name='scheme_version_once'),
        ),
        migrations.AddConstraint(
            model_name='libraryscheme',
            constraint=models.CheckConstraint(condition=models.Q(('record_class', ''), ('class_attribute', ''), _connector='OR'), name='scheme_goes_by_library_or_attribute'),
        ),
        migrations.AddConstraint(
            model_name='releaseapproval',
            constraint=models.CheckConstraint(condition=models.Q(('effective_at__gte', models.F('approved_at'))), name='release_is_effective_after_approval'),
        ),
        migrations.AddConstraint(
            model_name='retentionruleversion',
            constraint=models.UniqueConstraint(fields=('rule', 'number'), name='rule_version_once'),
        ),
        migrations.AddConstraint(
            model_name='retentionanswer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('rule_version__isnull', False), ('scheme__isnull', True)), models.Q(('rule_version__isnull', True), ('scheme__isnull', False)), _connector='OR'), name='answer_to_one_version'),
        ),
    ]
