"""The Celery application: JSON messages that carry ids, no results, a schedule kept in code."""

import os

from celery import Celery
from celery.signals import setup_logging, worker_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dedup_site.settings")

app = Celery("dedup_site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    # The ledger in Postgres knows what was done: a message may be lost or doubled.
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    broker_transport_options={
        "visibility_timeout": 3600,
        "socket_timeout": 30,
        # A web request must not wait for a broker that is away.
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.2,
        "interval_max": 0.2,
    },
    broker_connection_retry_on_startup=True,
    # A site without a broker answers at once; the sweeper publishes later.
    task_publish_retry=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    task_soft_time_limit=1500,
    task_time_limit=1700,
    timezone="UTC",
    beat_schedule={
        "sweep the ledger": {
            "task": "scanning.tasks.sweep",
            "schedule": 15.0,
            "options": {"expires": 14},
        },
        "start due scans": {
            "task": "scanning.tasks.start_due_runs",
            "schedule": 60.0,
            "options": {"expires": 55},
        },
        # A queue of its own: its worker alone may read the signing key, and no scan holds it up.
        "sequence the audit log": {
            "task": "dedup_site.audit.tasks.sequence_log",
            "schedule": 5.0,
            "options": {"queue": "audit", "expires": 5},
        },
        "bring groups up to date": {
            "task": "review.tasks.bring_groups_up_to_date",
            "schedule": 15.0,
            "options": {"expires": 14},
        },
        "tend action plans": {
            "task": "review.tasks.tend_plans",
            "schedule": 60.0,
            "options": {"expires": 55},
        },
    },
)
app.autodiscover_tasks(["dedup_site.audit", "scanning", "review"])


@setup_logging.connect
def keep_our_logging(**_kwargs: object) -> None:
    """Settings configured logging; Celery must not replace it."""


@worker_init.connect
def tell_if_grants_are_too_wide(**_kwargs: object) -> None:
    """Before the worker has children, which must not share its connection."""
    from dedup_site.audit.grants import tell_if_too_wide  # needs Django's set-up

    tell_if_too_wide()


@worker_ready.connect
def sweep_at_start(**_kwargs: object) -> None:
    """A worker that comes up looks for work that a dead one left."""
    app.send_task("scanning.tasks.sweep")
