"""The shared queue under load: fifty reviewers at once, with a million undecided pairs.

    python -m tests.bench.queue [--pairs 1000000] [--reviewers 50] [--seconds 120] [--pace 4]

Prints a table as Markdown. It brings a database and a web site of its own, in a folder that is gone
afterwards. The times are those of the server: from the request read to the answer written, by
gunicorn's own log. A reviewer judges a pair about every `pace` seconds.
"""

import argparse
import http.client
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlencode

from tests.bench.queue_fill import fill, reviewers, sessions, tally
from tests.bench.report import Section, Setting

CHECKOUT = Path(__file__).resolve().parents[2]
LISTENING = re.compile(r"Listening at: http://127\.0\.0\.1:(\d+)")
TOKEN = re.compile(r'name="token" value="(\d+)"')
PAIR = re.compile(r'data-desk data-pair="(\d+)"')
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
LOG_LINE = re.compile(r"^TIMED (\d+) (GET|POST) (\S+) (\d+)$", re.MULTILINE)
# What leads look at while the others judge; each counts every state and tier.
QUEUE_PAGES = (
    "/review/",
    "/review/?score_min=80&score_max=90",
    "/review/?attribute=supplier%3DS7",
    "/review/?transform=mirror",
    "/review/?order=value",
    "/review/?order=risk&tier=near",
)


@dataclass(slots=True)
class Heard:
    """What all reviewers together were told."""

    judged: Counter[int] = field(default_factory=Counter)
    refused: int = 0
    odd: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Browser:
    """One person's connection."""

    def __init__(self, port: int, session: str) -> None:
        self.port, self.cookies = port, {"sessionid": session}
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, method: str, path: str, body: dict[str, str] | None = None) -> tuple[int, str]:
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), "X-Desk": "1"}
        if method == "GET" and path in QUEUE_PAGES:
            del headers["X-Desk"]
        data = urlencode(body) if body is not None else None
        if data is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        for attempt in (1, 2):
            try:
                self.connection.request(method, path, data, headers)
                answer = self.connection.getresponse()
                text = answer.read().decode()
                break
            except (http.client.HTTPException, ConnectionError):
                # The server closes idle connections; the same answer sent twice counts once.
                self.connection.close()
                if attempt == 2:
                    raise
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, text


def review(browser: Browser, heard: Heard, pace: float, end: float, seed: int) -> None:
    """Judge as the page does: the next pair is fetched before the answer is sent."""
    rolled = random.Random(seed)  # noqa: S311  no secret
    time.sleep(rolled.random() * pace)
    held: list[tuple[str, str, str]] = []
    while time.monotonic() < end:
        while len(held) < 2:
            without = "&".join(f"without={pair}" for pair, _token, _csrf in held)
            status, text = browser.ask("GET", f"/review/next/?{without}")
            found = PAIR.search(text), TOKEN.search(text), CSRF.search(text)
            if status != 200 or not all(found):
                with heard.lock:
                    heard.odd[f"next {status}"] += 1
                return
            held.append(tuple(each[1] for each in found if each))  # type: ignore[arg-type]  # three
        time.sleep(rolled.uniform(0.5, 1.5) * pace)
        pair, token, csrf = held.pop(0)
        verdict, reason = rolled.choice(
            [("duplicate", "same_picture"), ("not_duplicate", "other_record")]
        )
        answer = {"verdict": verdict, "reason": reason, "token": token, "csrfmiddlewaretoken": csrf}
        status, text = browser.ask("POST", f"/review/pairs/{pair}/decide/", answer)
        with heard.lock:
            if status == 200:
                heard.judged[int(pair)] += 1
            elif status == 409:
                heard.refused += 1
            else:
                heard.odd[f"decide {status}"] += 1


def lead(browser: Browser, heard: Heard, end: float) -> None:
    """Open the queue page again and again, each time with other filters."""
    while time.monotonic() < end:
        for page in QUEUE_PAGES:
            status, _text = browser.ask("GET", page)
            if status != 200:
                with heard.lock:
                    heard.odd[f"queue {status}"] += 1
            time.sleep(1)


@contextmanager
def site(folder: Path, processes: int) -> Iterator[tuple[int, Path]]:
    """The web site as in production: its port, and the log with its times in microseconds."""
    log = folder / "web.log"
    command = [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--no-control-socket"]
    command += ["--worker-class", "gthread", "--workers", str(processes), "--threads", "4"]
    command += ["--keep-alive", "30", "--access-logfile", "-"]
    command += ["--access-logformat", "TIMED %(D)s %(m)s %(U)s %(s)s", "dedup_site.wsgi"]
    with log.open("w") as output:
        server = subprocess.Popen(command, cwd=CHECKOUT, stdout=output, stderr=output)
    try:
        while not (found := LISTENING.search(log.read_text())):
            if server.poll() is not None:
                raise SystemExit(f"The web site did not start: see {log}")
            time.sleep(0.2)
        yield int(found[1]), log
    finally:
        server.terminate()
        server.wait()


def times(log: Path) -> dict[str, list[float]]:
    """Milliseconds by what was asked."""
    found: dict[str, list[float]] = defaultdict(list)
    for micros, method, path, _status in LOG_LINE.findall(log.read_text()):
        if path == "/review/next/":
            found["next"].append(int(micros) / 1000)
        elif path.endswith("/decide/") and method == "POST":
            found["verdict"].append(int(micros) / 1000)
        elif path == "/review/":
            found["queue"].append(int(micros) / 1000)
    return found


def load(pairs: int, count: int, seconds: float, pace: float, processes: int) -> Section:
    """Fill, run, and hold what people were told against what the database says."""
    with tempfile.TemporaryDirectory(prefix="second-look-queue-") as name:
        folder = Path(name)
        os.environ["DATA_DIR"] = name
        from dedup_site import embedded

        with embedded.environment(folder):
            import django
            from django.core.management import call_command

            django.setup()
            call_command("migrate", verbosity=0)
            begun = time.monotonic()
            library = fill(pairs)
            filled = time.monotonic() - begun
            people = reviewers(count + 1, library)
            cookies = sessions(people)
            with site(folder, processes) as (port, log):
                browsers = [Browser(port, cookie) for cookie in cookies]
                for browser in browsers[: 2 * processes]:
                    browser.ask("GET", "/review/")  # every process has loaded what it needs
                warmed = len(log.read_text())
                heard, end = Heard(), time.monotonic() + seconds
                threads = [
                    threading.Thread(target=review, args=(browser, heard, pace, end, seed))
                    for seed, browser in enumerate(browsers[:count])
                ]
                threads.append(threading.Thread(target=lead, args=(browsers[count], heard, end)))
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                log.write_text(log.read_text()[warmed:])
                taken = times(log)
            twice, stored = tally(heard.judged)
    return _section(taken, heard, stored, twice, filled, pairs, count, seconds, pace, processes)


def p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1] if len(values) > 1 else float("nan")


def _section(
    taken: dict[str, list[float]],
    heard: Heard,
    stored: int,
    twice: int,
    filled: float,
    pairs: int,
    count: int,
    seconds: float,
    pace: float,
    processes: int,
) -> Section:
    told = sum(heard.judged.values())
    lost = told - stored
    double = twice + sum(1 for number in heard.judged.values() if number > 1)
    rows = [
        f"| {words} | {len(taken[key]):,} | {quantiles(taken[key], n=2)[0]:.0f} ms |"
        f" {p95(taken[key]):.0f} ms | ≤ {most} ms |"
        for key, words, most in (
            ("next", "next pair", 50),
            ("verdict", "verdict", 50),
            ("queue", "queue page with filters and counts", 200),
        )
        if len(taken[key]) > 1
    ]
    text = "\n".join(
        [
            (
                f"{pairs:,} undecided pairs (filled in {filled:.0f} s), {count} reviewers for"
                f" {seconds:.0f} s, a pair about every {pace:g} s each, {processes} processes of"
                " gunicorn with 4 threads; server time."
            ),
            "",
            "| what | requests | median | p95 | target |",
            "|---|---|---|---|---|",
            *rows,
            "",
            (
                f"Verdicts acknowledged: {told:,}; lost: {lost}; pairs judged twice: {double};"
                f" refused: {heard.refused}; anything else: {dict(heard.odd) or 'nothing'}."
            ),
        ]
    )
    reached = {f"queue {key}": p95(values) for key, values in taken.items()}
    return Section(text, reached | {"queue lost": lost, "queue twice": double})


def queue(setting: Setting) -> Section:
    """The part of `make bench`, in a process of its own: it brings another database."""
    pairs, seconds = (1_000_000, 120) if setting.size == "full" else (20_000, 20)
    command = [sys.executable, "-m", "tests.bench.queue", "--pairs", str(pairs)]
    command += ["--seconds", str(seconds), "--processes", str(setting.processes)]
    done = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=True)
    text, _, figures = done.stdout.rpartition("\nreached ")
    reached = dict(part.rsplit("=", 1) for part in figures.strip().split(";"))
    return Section(text.strip(), {key: float(value) for key, value in reached.items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--reviewers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--pace", type=float, default=4)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    for name in ("DATABASE_URL", "REDIS_URL", "DATABASE_URL_FILE", "REDIS_URL_FILE"):
        os.environ.pop(name, None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "dedup_site.settings"
    os.environ["LOG_LEVEL"] = "WARNING"
    section = load(
        options.pairs, options.reviewers, options.seconds, options.pace, options.processes
    )
    figures = ";".join(f"{key}={value}" for key, value in section.reached.items())
    sys.stdout.write(f"{section.text}\nreached {figures}\n")


if __name__ == "__main__":
    main()
