"""What beat has done every few seconds, by the worker that may read the signing key."""

from celery import shared_task

from dedup_site.audit.sequencer import sequence


@shared_task(soft_time_limit=300, time_limit=330)
def sequence_log() -> None:
    """Give new events their places in the log and sign it. Where another does so, nothing."""
    sequence()
