"""The audit log for auditors. It lives here because what they see depends on their libraries."""

from collections.abc import Iterable
from datetime import UTC, datetime

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from dedup_site.audit import log
from dedup_site.audit.exports import FORMS, export_events
from dedup_site.audit.filters import EventFilter
from dedup_site.audit.models import AuditEvent
from dedup_site.audit.paging import Page, TooSlow, page_of, within
from dedup_site.audit.querysets import AuditEventQuerySet
from dedup_site.audit.standing import standing
from dedup_site.audit.verifier import Broken, read_body
from scanning.models import Library

SECONDS_FOR_A_PAGE = 15
CONTENT_TYPES = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


@require_GET
@require(Can.READ_AUDIT)
def events(request: SignedInRequest) -> HttpResponse:
    """The log, newest first, filtered and page by page."""
    form = EventFilter(request.GET, libraries=Library.objects.visible_to(request.user))
    try:
        with within(SECONDS_FOR_A_PAGE):
            page = page_of(form.apply(visible_events(request.user)), request.GET.get("page", ""))
    except TooSlow:
        form.add_error("text", _("This search takes too long. Choose a time, from and to."))
        page = Page()
    context = {"form": form, "page": page, "filled_in": form.filled_in(), "log": standing()}
    return render(request, "audit/events.html", context)


@require_GET
@require(Can.READ_AUDIT)
def event(request: SignedInRequest, pk: int) -> HttpResponse:
    """One event: its exact body, its detail, and whether the two still belong together."""
    found = get_object_or_404(visible_events(request.user), pk=pk)
    try:
        read_body(found.body, found.detail, bytes(found.salt))
        broken = ""
    except Broken as error:
        broken = ": ".join(error.args)
    context = {"event": found, "broken": broken, "place": log.place_of(found)}
    return render(request, "audit/event.html", context)


@require_GET
@require(Can.READ_AUDIT)
def checkpoint(_request: SignedInRequest) -> HttpResponse:
    """The newest checkpoint as a file: what an auditor keeps."""
    newest = log.last_checkpoint()
    if newest is None:
        raise Http404
    return _as_text(newest.note, f"checkpoint-{newest.size}.txt")


@require_GET
@require(Can.READ_AUDIT)
def keys(_request: SignedInRequest) -> HttpResponse:
    """The public keys that have signed, one a line."""
    return _as_text("".join(f"{key}\n" for key in log.public_keys()), "audit-keys.txt")


def _as_text(text: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = str(
        content_disposition_header(as_attachment=True, filename=name)
    )
    return response


@require_POST
@require(Can.READ_AUDIT)
def export(request: SignedInRequest) -> HttpResponse | StreamingHttpResponse:
    """The filtered log as a file. That it was exported is in the log before the first byte."""
    filters = EventFilter(request.POST, libraries=Library.objects.visible_to(request.user))
    form = request.POST.get("form", "")
    if form not in FORMS or not filters.is_valid():
        return redirect("audit:events")
    pieces = export_events(
        actor=request.user,
        events=filters.apply(visible_events(request.user)),
        form=form,
        filled_in=filters.filled_in(),
    )
    name = f"audit-log-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{form}"
    response = StreamingHttpResponse(pieces, content_type=CONTENT_TYPES[form])
    response.headers["Content-Disposition"] = str(
        content_disposition_header(as_attachment=True, filename=name)
    )
    return response


def visible_events(user: User) -> AuditEventQuerySet:
    """Events without a library, and those of the libraries that the person was given."""
    return AuditEvent.objects.in_libraries(_scope(user))


def _scope(user: User) -> Iterable[int] | None:
    if user.sees_all_libraries:
        return None
    return Library.objects.visible_to(user).values_list("pk", flat=True)
