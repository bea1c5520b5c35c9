"""Health, robots and the language switch: all without signing in."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from dedup_site.accounts.models import User
from dedup_site.audit.models import LogIncident
from dedup_site.audit.services import record
from scanning.models import Chunk, ScanRun

pytestmark = pytest.mark.django_db


def test_alive_is_alive(client: Client) -> None:
    answer = client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_asks_the_database_and_redis(client: Client) -> None:
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "database": "ok",
        "redis": "ok",
        "oldest_ready_chunk_seconds": None,
        "grants": "too wide",  # tests are a superuser
    }


def test_ready_tells_how_long_the_oldest_work_has_waited(client: Client, run: ScanRun) -> None:
    ScanRun.objects.filter(pk=run.pk).update(state="reading")
    for minutes in (5, 90):
        Chunk.objects.create(
            run=run,
            kind="read",
            ordinal=minutes,
            published_at=timezone.now() - timedelta(minutes=minutes),
        )
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["oldest_ready_chunk_seconds"] // 60 == 90


def test_without_redis_the_site_is_not_ready(client: Client, settings) -> None:  # type: ignore[no-untyped-def]  # pytest-django
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    assert answer.json()["redis"] == "does not answer"


def test_without_the_database_the_site_is_not_ready(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE scanning_chunk RENAME TO elsewhere")
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["database"] == "does not answer"


def test_the_log_is_in_order_until_events_wait_too_long(
    client: Client, auditor: User, settings: Any
) -> None:
    answer = client.get("/health/log")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ok", "waiting": 0, "oldest_waiting_seconds": 0, "refuses": None},
    )
    record("account.signed_in", actor=auditor, target=auditor)
    settings.AUDIT_LAG_SECONDS = -1
    answer = client.get("/health/log")
    assert (answer.status_code, answer.json()["status"]) == (503, "late")
    assert answer.json()["waiting"] == 1
    assert client.get("/health/ready").status_code == 200


def test_a_log_that_is_not_signed_raises_an_alarm(client: Client) -> None:
    LogIncident.objects.create(code="history_lost", detail={"signed": 6, "found": 4})
    answer = client.get("/health/log")
    assert (answer.status_code, answer.json()["refuses"]) == (503, "history_lost")
    LogIncident.objects.create()
    assert client.get("/health/log").status_code == 200


def test_without_its_tables_the_log_is_not_in_order(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_logincident RENAME TO elsewhere")
    answer = client.get("/health/log")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})


def test_robots_stay_out(client: Client) -> None:
    assert client.get("/robots.txt").content == b"User-agent: *\nDisallow: /\n"


def test_the_language_is_switched_without_signing_in(client: Client) -> None:
    answer = client.post("/language/", {"language": "zh-hant", "next": "/sign-in/"})
    assert answer.headers["Location"] == "/sign-in/"
    assert client.get("/sign-in/").headers["Content-Language"] == "zh-hant"


def test_the_language_switch_never_leads_to_another_site(client: Client) -> None:
    answer = client.post("/language/", {"language": "en", "next": "https://evil.example/"})
    assert answer.headers["Location"] == "/"
