"""Whether the site is alive, and whether it can work: for balancers, containers and monitoring."""

from datetime import timedelta

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.db.models import Min
from django.db.models.functions import Coalesce
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dedup_site.audit import grants
from dedup_site.audit import log as audit_log
from scanning.models import Chunk

SECONDS_FOR_REDIS = 2


@login_not_required
@require_safe
def live(_request: HttpRequest) -> JsonResponse:
    """The process answers. Nothing else is asked, so that a slow database restarts no server."""
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def log(_request: HttpRequest) -> JsonResponse:
    """200 while the audit log is sequenced and signed, else 503: for an alarm, not for a balancer.

    `oldest_waiting_seconds` is the age of the oldest event without a place in the log.
    """
    try:
        lag, incident = audit_log.lag(), audit_log.incident()
    except DatabaseError:
        return JsonResponse({"status": "unavailable"}, status=503)
    answer: dict[str, object] = {
        "waiting": lag.waiting,
        "oldest_waiting_seconds": lag.seconds,
        "refuses": incident.code if incident else None,
    }
    answer["status"] = "refuses" if incident else "late" if lag.is_late else "ok"
    return JsonResponse(answer, status=200 if answer["status"] == "ok" else 503)


@login_not_required
@require_safe
def ready(_request: HttpRequest) -> JsonResponse:
    """200 if the database and Redis answer, else 503.

    `oldest_ready_chunk_seconds` is how long the longest waiting work has waited, null where none
    waits. It fails nothing here: the site works without workers. An alarm should watch it, and
    `grants`: where the database role may do too much, no file is acted upon.
    """
    answer: dict[str, object] = {"database": "ok", "redis": "ok"}
    try:
        wait = _longest_wait()
        answer["oldest_ready_chunk_seconds"] = wait and int(wait.total_seconds())
        answer["grants"] = "too wide" if grants.too_wide() else "ok"
    except DatabaseError:
        answer["database"] = "does not answer"
    if not _redis_answers():
        answer["redis"] = "does not answer"
    is_ready = (answer["database"], answer["redis"]) == ("ok", "ok")
    answer["status"] = "ok" if is_ready else "unavailable"
    return JsonResponse(answer, status=200 if is_ready else 503)


def _longest_wait() -> timedelta | None:
    """Since when the oldest chunk that nobody works on has waited."""
    since = Chunk.objects.ready().aggregate(since=Min(Coalesce("published_at", "run__started_at")))[
        "since"
    ]
    return timezone.now() - since if since else None


def _redis_answers() -> bool:
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=SECONDS_FOR_REDIS,
            socket_connect_timeout=SECONDS_FOR_REDIS,
        ) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
