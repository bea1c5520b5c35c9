"""What Celery calls for the people's side."""

from celery import shared_task

from review.services import grouping


@shared_task(soft_time_limit=60 * 60, time_limit=60 * 60 + 60)
def bring_groups_up_to_date() -> None:
    """Groups follow finished scans and verdicts; runs every 15 s, and does nothing as a rule."""
    grouping.bring_up_to_date()
