import django.db.models.deletion
import sessions.core.append_only
import sessions.core.clock
import sessions.core.ids
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('iop', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Connection',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('device', models.CharField(max_length=64)),
                ('process', models.CharField(max_length=64)),
                ('opened_at', models.DateTimeField()),
                ('seen_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
                ('meeting', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='iop.meeting')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Placement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('identity', models.CharField(default=sessions.core.ids.token, max_length=32, unique=True)),
                ('role', models.CharField(choices=[('facilitator', 'Facilitator'), ('client', 'Client'), ('family', 'Family guest'), ('alumnus', 'Alumnus')], max_length=16)),
                ('place', models.CharField(choices=[('outside', 'outside'), ('waiting', 'waiting'), ('main', 'main'), ('left', 'left'), ('declined', 'declined'), ('removed', 'removed')], default='outside', max_length=16)),
                ('version', models.PositiveIntegerField(default=0)),
                ('line_seq', models.PositiveIntegerField(null=True)),
                ('knocked_at', models.DateTimeField(null=True)),
                ('entered_at', models.DateTimeField(null=True)),
                ('interrupted_since', models.DateTimeField(null=True)),
                ('heard_until', models.DateTimeField(null=True)),
                ('meeting', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='iop.meeting')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Room',
            fields=[
                ('meeting', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='room', serialize=False, to='iop.meeting')),
                ('media_name', models.CharField(default=sessions.core.ids.token, max_length=32, unique=True)),
                ('next_seq', models.PositiveIntegerField(default=1)),
                ('opened_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('ended_at__isnull', True)), fields=['opened_at'], name='room_live')],
            },
        ),
        migrations.CreateModel(
            name='RoomFact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seq', models.PositiveIntegerField()),
                ('kind', models.CharField(max_length=24)),
                ('at', models.DateTimeField()),
                ('recorded_at', models.DateTimeField(default=sessions.core.clock.now)),
                ('data', models.JSONField(default=dict)),
                ('command_id', models.CharField(max_length=64, null=True)),
                ('actor', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('commanded_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('connection', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='iop.connection')),
                ('meeting', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='iop.meeting')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddIndex(
            model_name='connection',
            index=models.Index(fields=['meeting', 'person'], name='connection_person'),
        ),
        migrations.AddIndex(
            model_name='connection',
            index=models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['meeting'], name='connection_open'),
        ),
        migrations.AddConstraint(
            model_name='connection',
            constraint=models.CheckConstraint(condition=models.Q(('seen_at__gte', models.F('opened_at'))), name='connection_seen_after_opened'),
        ),
        migrations.AddConstraint(
            model_name='connection',
            constraint=models.CheckConstraint(condition=models.Q(('closed_at__isnull', True), ('closed_at__gte', models.F('opened_at')), _connector='OR'), name='connection_closed_after_opened'),
        ),
        migrations.AddIndex(
            model_name='placement',
            index=models.Index(condition=models.Q(('interrupted_since__isnull', False)), fields=['interrupted_since'], name='placement_interrupted'),
        ),
        migrations.AddConstraint(
            model_name='placement',
            constraint=models.UniqueConstraint(fields=('meeting', 'person'), name='placement_one_per_person'),
        ),
        migrations.AddConstraint(
            model_name='placement',
            constraint=models.CheckConstraint(condition=models.Q(('place__in', ['outside', 'waiting', 'main', 'left', 'declined', 'removed'])), name='placement_known'),
        ),
        migrations.AddConstraint(
            model_name='roomfact',
            constraint=models.UniqueConstraint(fields=('meeting', 'seq'), name='room_fact_seq_unique'),
        ),
        migrations.AddConstraint(
            model_name='roomfact',
            constraint=models.UniqueConstraint(fields=('meeting', 'commanded_by', 'command_id'), name='room_fact_command_once'),
        ),
        migrations.AddConstraint(
            model_name='roomfact',
            constraint=models.CheckConstraint(condition=models.Q(('command_id__isnull', True), ('commanded_by__isnull', False), _connector='OR'), name='room_fact_command_has_giver'),
        ),
        sessions.core.append_only.AppendOnly("iop_roomfact"),
    ]
