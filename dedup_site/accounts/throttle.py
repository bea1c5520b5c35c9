"""Guessing passwords is slow: failed sign-ins of the last minutes are counted in the audit log.

Five failures for one name from one address, or fifty for any names from one address, and that
address waits until fifteen minutes have passed since the oldest of them. The right password is
refused meanwhile too, and a name that nobody has is counted like any other, so that the answer
tells nothing. Somebody else's address is never shut out, so that nobody can lock a colleague out.

The name may be a mistyped password: only a keyed hash of it is kept, in the erasable detail.
"""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from dedup_site.audit.models import AuditEvent

WINDOW = timedelta(minutes=15)
FAILURES_PER_NAME = 5
FAILURES_PER_ADDRESS = 50


def client_address(request: HttpRequest | None) -> str:
    """Where the request came from. Behind our proxy its last X-Forwarded-For entry says so."""
    if request is None:
        return ""
    if settings.BEHIND_TLS and (forwarded := request.headers.get("X-Forwarded-For")):
        return forwarded.rsplit(",", 1)[-1].strip()
    return str(request.META.get("REMOTE_ADDR", ""))


def attempt_key(name: str, address: str) -> str:
    """What stands for this name and address in the log; only our secret key can make it."""
    return salted_hmac("second look sign-in", f"{name.casefold()}\0{address}").hexdigest()


def is_blocked(name: str, address: str) -> bool:
    """Whether this name and address have failed too often to try again now."""
    recent = AuditEvent.objects.filter(
        action="account.sign_in_failed",
        at__gte=timezone.now() - WINDOW,
        detail__address=address,
    )
    of_name = recent.filter(detail__attempt=attempt_key(name, address))
    return (
        of_name[:FAILURES_PER_NAME].count() >= FAILURES_PER_NAME
        or recent[:FAILURES_PER_ADDRESS].count() >= FAILURES_PER_ADDRESS
    )
