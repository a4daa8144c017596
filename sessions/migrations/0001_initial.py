import django.db.models.deletion
import django.db.models.functions.text
import sessions.core.append_only
import sessions.core.clock
import sessions.people.models
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditChain',
            fields=[
                ('scope', models.UUIDField(primary_key=True, serialize=False)),
                ('length', models.PositiveBigIntegerField(default=0)),
                ('digest', models.CharField(default='', max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='Cohort',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
            ],
        ),
        migrations.CreateModel(
            name='Program',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('time_zone', models.CharField(max_length=64, validators=[sessions.people.models.validate_time_zone])),
                ('settings', models.JSONField(blank=True, default=dict)),
            ],
        ),
        migrations.CreateModel(
            name='Person',
            fields=[
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('email', models.EmailField(max_length=254, unique=True, verbose_name='e-mail address')),
                ('given_name', models.CharField(max_length=80, verbose_name='given name')),
                ('family_name', models.CharField(blank=True, max_length=80, verbose_name='family name')),
                ('language', models.CharField(choices=[('en', 'English'), ('es', 'Spanish')], default='en', max_length=2, verbose_name='language')),
                ('time_zone', models.CharField(default='America/New_York', max_length=64, validators=[sessions.people.models.validate_time_zone], verbose_name='time zone')),
                ('phone', models.CharField(blank=True, max_length=32, verbose_name='phone')),
                ('is_active', models.BooleanField(default=True, help_text='Clear this to end all access at once.', verbose_name='active')),
                ('created_at', models.DateTimeField(default=sessions.core.clock.now, editable=False)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'person',
                'verbose_name_plural': 'people',
            },
        ),
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.UUIDField()),
                ('seq', models.PositiveBigIntegerField()),
                ('at', models.DateTimeField()),
                ('actor_id', models.UUIDField(null=True)),
                ('act', models.CharField(max_length=64)),
                ('subject_type', models.CharField(max_length=32)),
                ('subject_id', models.CharField(max_length=64)),
                ('outcome', models.CharField(choices=[('allowed', 'Allowed'), ('refused', 'Refused')], max_length=8)),
                ('reason', models.CharField(blank=True, max_length=64)),
                ('previous', models.CharField(blank=True, max_length=64)),
                ('digest', models.CharField(max_length=64)),
            ],
            options={
                'ordering': ['scope', 'seq'],
                'abstract': False,
                'indexes': [models.Index(fields=['subject_type', 'subject_id', 'at'], name='audit_subject'), models.Index(fields=['actor_id', 'at'], name='audit_actor')],
                'constraints': [models.UniqueConstraint(fields=('scope', 'seq'), name='audit_seq_unique')],
            },
        ),
        migrations.CreateModel(
            name='CohortFacilitator',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cohort', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='iop.cohort')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddField(
            model_name='cohort',
            name='facilitators',
            field=models.ManyToManyField(related_name='cohorts_led', through='iop.CohortFacilitator', to=settings.AUTH_USER_MODEL),
        ),
        migrations.CreateModel(
            name='Enrollment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('level_of_care', models.CharField(choices=[('residential', 'Residential'), ('php', 'Partial hospitalization'), ('iop', 'Intensive outpatient'), ('outpatient', 'Outpatient'), ('aftercare', 'Aftercare')], default='iop', max_length=16)),
                ('weekly_target_minutes', models.PositiveIntegerField(default=540)),
                ('starts_on', models.DateField()),
                ('planned_end_on', models.DateField(blank=True, null=True)),
                ('ended_on', models.DateField(blank=True, null=True)),
                ('status', models.CharField(choices=[('planned', 'Planned'), ('active', 'Active'), ('on_hold', 'On hold'), ('completed', 'Completed'), ('left', 'Left early')], default='active', max_length=16)),
                ('cohort', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='enrollments', to='iop.cohort')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='enrollments', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Household',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='households_led', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='HouseholdMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('relationship', models.CharField(max_length=40)),
                ('household', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='members', to='iop.household')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='household_memberships', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddField(
            model_name='household',
            name='people',
            field=models.ManyToManyField(related_name='households', through='iop.HouseholdMember', to=settings.AUTH_USER_MODEL),
        ),
        migrations.CreateModel(
            name='Meeting',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('process_group', 'Process group'), ('relapse_prevention', 'Relapse prevention'), ('skill_building', 'Skill building'), ('codependency_support', 'Codependency support'), ('family_group', 'Family group'), ('twelve_step', '12-step facilitation'), ('addiction_education', 'Addiction education'), ('employment_education', 'Employment workshop'), ('holistic', 'Mindfulness'), ('individual_therapy', 'Individual session'), ('family_therapy', 'Family session'), ('assessment', 'Assessment'), ('medication_management', 'Medication management'), ('case_management', 'Case management'), ('alumni_meeting', 'Alumni meeting'), ('check_in_call', 'Check-in call')], max_length=32)),
                ('title', models.CharField(blank=True, max_length=120)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('held_on', models.DateField(editable=False)),
                ('breaks', models.JSONField(blank=True, default=list)),
                ('cancelled_at', models.DateTimeField(blank=True, null=True)),
                ('cohort', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='meetings', to='iop.cohort')),
            ],
            options={
                'ordering': ['starts_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='MeetingFacilitator',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('meeting', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='facilitator_rows', to='iop.meeting')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddField(
            model_name='meeting',
            name='facilitators',
            field=models.ManyToManyField(related_name='meetings_led', through='iop.MeetingFacilitator', to=settings.AUTH_USER_MODEL),
        ),
        migrations.CreateModel(
            name='MeetingInvitee',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('client', 'Client'), ('family', 'Family guest'), ('alumnus', 'Alumnus')], max_length=16)),
                ('meeting', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitee_rows', to='iop.meeting')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddField(
            model_name='meeting',
            name='invitees',
            field=models.ManyToManyField(related_name='meetings_invited', through='iop.MeetingInvitee', to=settings.AUTH_USER_MODEL),
        ),
        migrations.CreateModel(
            name='NoContact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField(default=sessions.core.clock.now)),
                ('higher', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('lower', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('program', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='no_contacts', to='iop.program')),
            ],
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('administrator', 'Administrator'), ('coordinator', 'Coordinator'), ('facilitator', 'Facilitator'), ('client', 'Client'), ('alumnus', 'Alumnus'), ('family', 'Family guest')], max_length=16)),
                ('since', models.DateTimeField(default=sessions.core.clock.now)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('program', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='iop.program')),
            ],
        ),
        migrations.AddField(
            model_name='meeting',
            name='program',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='meetings', to='iop.program'),
        ),
        migrations.AddField(
            model_name='household',
            name='program',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='households', to='iop.program'),
        ),
        migrations.AddField(
            model_name='cohort',
            name='program',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cohorts', to='iop.program'),
        ),
        migrations.AddConstraint(
            model_name='person',
            constraint=models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='person_email_lower'),
        ),
        migrations.AddConstraint(
            model_name='cohortfacilitator',
            constraint=models.UniqueConstraint(fields=('cohort', 'person'), name='cohort_facilitator_once'),
        ),
        migrations.AddConstraint(
            model_name='enrollment',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_on__isnull', True)), fields=('person', 'cohort'), name='enrollment_one_open'),
        ),
        migrations.AddConstraint(
            model_name='enrollment',
            constraint=models.CheckConstraint(condition=models.Q(('ended_on__isnull', True), ('ended_on__gte', models.F('starts_on')), _connector='OR'), name='enrollment_ends_after_start'),
        ),
        migrations.AddConstraint(
            model_name='enrollment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_on__isnull', False), ('status__in', ['completed', 'left'])), models.Q(('ended_on__isnull', True), ('status__in', ['planned', 'active', 'on_hold'])), _connector='OR'), name='enrollment_end_matches_status'),
        ),
        migrations.AddConstraint(
            model_name='householdmember',
            constraint=models.UniqueConstraint(fields=('household', 'person'), name='household_member_once'),
        ),
        migrations.AddConstraint(
            model_name='meetingfacilitator',
            constraint=models.UniqueConstraint(fields=('meeting', 'person'), name='meeting_facilitator_once'),
        ),
        migrations.AddConstraint(
            model_name='meetinginvitee',
            constraint=models.UniqueConstraint(fields=('meeting', 'person'), name='meeting_invitee_once'),
        ),
        migrations.AddConstraint(
            model_name='meetinginvitee',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', ['client', 'family', 'alumnus'])), name='meeting_invitee_role_known'),
        ),
        migrations.AddConstraint(
            model_name='nocontact',
            constraint=models.UniqueConstraint(fields=('program', 'lower', 'higher'), name='no_contact_once'),
        ),
        migrations.AddConstraint(
            model_name='nocontact',
            constraint=models.CheckConstraint(condition=models.Q(('lower__lt', models.F('higher'))), name='no_contact_ordered'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('person', 'program', 'role'), name='membership_once'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', ['administrator', 'coordinator', 'facilitator', 'client', 'alumnus', 'family'])), name='membership_role_known'),
        ),
        migrations.AddIndex(
            model_name='meeting',
            index=models.Index(fields=['program', 'starts_at'], name='meeting_program_start'),
        ),
        migrations.AddIndex(
            model_name='meeting',
            index=models.Index(fields=['cohort', 'held_on'], name='meeting_cohort_day'),
        ),
        migrations.AddConstraint(
            model_name='meeting',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='meeting_ends_after_start'),
        ),
        migrations.AddConstraint(
            model_name='meeting',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['process_group', 'relapse_prevention', 'skill_building', 'codependency_support', 'family_group', 'twelve_step', 'addiction_education', 'employment_education', 'holistic', 'individual_therapy', 'family_therapy', 'assessment', 'medication_management', 'case_management', 'alumni_meeting', 'check_in_call'])), name='meeting_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='household',
            constraint=models.UniqueConstraint(fields=('program', 'client'), name='household_one_per_client'),
        ),
        migrations.AddConstraint(
            model_name='cohort',
            constraint=models.UniqueConstraint(fields=('program', 'name'), name='cohort_name_unique'),
        ),
        sessions.core.append_only.AppendOnly("iop_auditevent"),
    ]
