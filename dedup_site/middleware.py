"""Headers that keep pages to our own code, and the context that every log line and event shares."""

import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

from dedup_site.audit.context import request_scope

GetResponse = Callable[[HttpRequest], HttpResponse]

# No inline code anywhere; pictures may also come from blobs, which prefetching makes.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)


class SecurityHeadersMiddleware:
    """Adds the strict Content-Security-Policy and its companions to every answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=()"
        )
        return response


class RequestContextMiddleware:
    """Gives each request an id that its log lines and audit events carry.

    Pages hold what a person may see, so that no shared cache may keep them.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid.uuid4()
        with (
            request_scope(request_id),
            structlog.contextvars.bound_contextvars(request_id=str(request_id)),
        ):
            response = self.get_response(request)
        response.headers["X-Request-ID"] = str(request_id)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response
