"""Second places: a folder, an inbox and a web hook, all of them real; failures are told."""

import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from django.core import mail
from django.utils import timezone

from dedup_site.accounts.models import User
from dedup_site.audit import publishing
from dedup_site.audit.models import LogCheckpoint, LogPublication
from dedup_site.audit.services import record
from dedup_site.audit.standing import standing
from tests.audit.logs import sequence_all

pytestmark = pytest.mark.django_db


def write(user: User) -> LogCheckpoint:
    record("account.signed_in", actor=user, target=user)
    sequence_all()
    return LogCheckpoint.objects.latest("id")


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    path = tmp_path / "worm"
    path.mkdir()
    settings.AUDIT_PUBLISH_FOLDER = str(path)
    return path


def test_a_folder_gets_every_checkpoint_as_a_file(folder: Path, auditor: User) -> None:
    notes = [write(auditor).note for _number in range(3)]
    files = sorted(folder.iterdir())
    assert [file.read_text() for file in files] == notes
    assert [file.name.split("-")[-2] for file in files] == [
        *("000000000001", "000000000002", "000000000003")
    ]


def test_nothing_new_is_not_published_again(folder: Path, auditor: User) -> None:
    write(auditor)
    sequence_all()
    assert LogPublication.objects.count() == 1


def test_a_failure_is_told_and_tried_again(
    folder: Path, auditor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.rmdir()
    write(auditor)
    failed = LogPublication.objects.get()
    assert failed.error.startswith("FileNotFoundError: ")
    assert standing().published[0].failure == failed
    # Not at once, but after half a minute; then twice as long.
    write(auditor)
    assert LogPublication.objects.count() == 1
    later = timezone.now() + timedelta(seconds=31)
    monkeypatch.setattr(timezone, "now", lambda: later)
    publishing.publish()
    assert LogPublication.objects.count() == 2
    publishing.publish()
    assert LogPublication.objects.count() == 2
    folder.mkdir()
    much_later = later + timedelta(seconds=61)
    monkeypatch.setattr(timezone, "now", lambda: much_later)
    publishing.publish()
    place = standing().published[0]
    assert place.failure is None
    assert place.success is not None
    assert place.success.size == 2


def test_an_inbox_gets_one_a_day(
    auditor: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.AUDIT_PUBLISH_EMAIL = ["auditor@example.org"]
    note = write(auditor).note
    write(auditor)
    assert [message.body for message in mail.outbox] == [note]
    assert mail.outbox[0].to == ["auditor@example.org"]
    assert mail.outbox[0].subject == "Checkpoint of the audit log: 1 entries"
    tomorrow = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)
    publishing.publish()
    assert len(mail.outbox) == 2


class Hook(BaseHTTPRequestHandler):
    """A web hook that keeps what it is sent, and answers as it was told."""

    received: list[bytes]
    status = 204

    def do_POST(self) -> None:
        self.received.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.status)
        if self.status == 302:
            self.send_header("Location", "https://elsewhere.example/")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Nothing on standard error."""


@pytest.fixture
def hook(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hook]]:
    """A real server with a certificate of its own, which this process trusts."""
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, None)
    )
    files = tmp_path / "certificate.pem", tmp_path / "key.pem"
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    handler = type("OwnHook", (Hook,), {"received": []})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        settings.AUDIT_PUBLISH_URL = f"https://127.0.0.1:{server.server_port}/in?token=secret"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield handler
        server.shutdown()
        thread.join()


def test_a_web_hook_gets_it_by_https(hook: type[Hook], auditor: User) -> None:
    note = write(auditor).note
    assert hook.received == [note.encode()]
    published = LogPublication.objects.get()
    assert (published.place, published.error) == ("https://127.0.0.1", "")
    # At most one a minute.
    write(auditor)
    assert len(hook.received) == 1


@pytest.mark.parametrize("status", [302, 403, 500])
def test_a_web_hook_that_does_not_take_it_has_failed(
    hook: type[Hook], auditor: User, status: int
) -> None:
    hook.status = status
    write(auditor)
    error = LogPublication.objects.get().error
    assert error.startswith(f"HTTPError: HTTP Error {status}")
    assert "secret" not in error


def test_plain_http_is_refused(settings: Any, auditor: User) -> None:
    settings.AUDIT_PUBLISH_URL = "http://127.0.0.1:1/"
    write(auditor)
    assert "must start with https://" in LogPublication.objects.get().error
