"""Health, robots and the language switch: all without signing in."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

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


def test_robots_stay_out(client: Client) -> None:
    assert client.get("/robots.txt").content == b"User-agent: *\nDisallow: /\n"


def test_the_language_is_switched_without_signing_in(client: Client) -> None:
    answer = client.post("/language/", {"language": "zh-hant", "next": "/sign-in/"})
    assert answer.headers["Location"] == "/sign-in/"
    assert client.get("/sign-in/").headers["Content-Language"] == "zh-hant"


def test_the_language_switch_never_leads_to_another_site(client: Client) -> None:
    answer = client.post("/language/", {"language": "en", "next": "https://evil.example/"})
    assert answer.headers["Location"] == "/"
