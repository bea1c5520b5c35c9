"""Pictures as the browser shows them."""

import textwrap
from unicodedata import east_asian_width
from xml.sax.saxutils import escape

from django.db import transaction
from django.http import HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from dedup_site.audit.services import record
from scanning.models import Picture
from scanning.services import copies, reveals
from scanning.services.renditions import (
    CannotShow,
    Part,
    Size,
    Source,
    blurred,
    etag,
    rendered_part,
    rendition,
    source_of,
)


@require(Can.READ_PAIRS)
@require_safe
def show(request: SignedInRequest, pk: int, size: str) -> HttpResponse:
    """One picture as JPEG; what cannot be shown is a picture that says why."""
    return _shown(request, pk, Size(size))


@require(Can.READ_PAIRS)
@require_safe
def part(
    request: SignedInRequest, pk: int, left: int, top: int, width: int, height: int
) -> HttpResponse:
    """A part of one picture, pixel by pixel, so that no browser has to load 100 megapixels."""
    return _shown(request, pk, Part(left, top, width, height))


def _shown(request: SignedInRequest, pk: int, wanted: Size | Part) -> HttpResponse:
    picture = Picture.objects.visible_to(request.user).filter(pk=pk).first()
    if picture is None:
        return _copy(request, pk, wanted)
    try:
        source = source_of(picture, request.user)
        if source.sensitive_in is None:
            tag = etag(picture, wanted)
            known = get_conditional_response(request, etag=tag)
            if isinstance(known, HttpResponseNotModified):
                return _ordinary(known, tag)
            return _ordinary(_jpeg(_made(picture, source, wanted)), tag)
        return _sensitive(request, picture, source, wanted)
    except CannotShow as error:
        return _placeholder(str(error), error.status)


def _copy(request: SignedInRequest, pk: int, wanted: Size | Part) -> HttpResponse:
    """A copy that the server made is shown as any other picture is."""
    copy = get_object_or_404(copies.visible_to(request.user), pk=pk)
    tag = etag(copy.picture, wanted)
    known = get_conditional_response(request, etag=tag)
    if isinstance(known, HttpResponseNotModified):
        return _ordinary(known, tag)
    try:
        return _ordinary(_jpeg(copies.shown(copy, wanted)), tag)
    except CannotShow as error:
        return _placeholder(str(error), error.status)


def _made(picture: Picture, source: Source, wanted: Size | Part) -> bytes:
    if isinstance(wanted, Part):
        return rendered_part(picture, source, wanted)
    return rendition(picture, source, wanted)


def _jpeg(content: bytes) -> HttpResponse:
    return HttpResponse(content, content_type="image/jpeg")


def _ordinary(response: HttpResponse, tag: str) -> HttpResponse:
    """The browser may keep it for an hour, nobody else may."""
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.headers["ETag"] = tag
    return response


def _sensitive(
    request: SignedInRequest, picture: Picture, source: Source, wanted: Size | Part
) -> HttpResponse:
    """A blur until it is revealed. Nobody keeps it; each sharp one is an audit event."""
    session = reveals.session_of(request)
    reveal = reveals.in_force(user=request.user, session=session, picture=picture)
    if reveal is None:
        if isinstance(wanted, Part):
            raise CannotShow(_("This picture is sensitive. Reveal it on its page first."), 403)
        return _unkept(_jpeg(blurred(picture, source)))
    content = _made(picture, source, wanted)
    is_part = isinstance(wanted, Part)
    shown = {"size": "part", "part": list(wanted)} if is_part else {"size": str(wanted)}
    with transaction.atomic():
        record(
            "picture.viewed",
            actor=request.user,
            target=picture,
            library_id=source.sensitive_in,
            data={
                "picture": picture.pk,
                "sha256": picture.digest,
                "purpose": reveal.purpose,
                **shown,
            },
            detail={"path": source.file.path},
        )
    return _unkept(_jpeg(content))


def _unkept(response: HttpResponse) -> HttpResponse:
    response.headers["Cache-Control"] = "no-store"
    return response


def _placeholder(reason: str, status: int) -> HttpResponse:
    """A small SVG that says why there is no picture; browsers show it whatever the status is."""
    lines = [_("This file can't be shown."), *_wrapped(reason)]
    texts = "".join(
        f'<text x="200" y="{130 + 24 * number}" text-anchor="middle" font-size="16" '
        f'font-family="sans-serif" fill="#4a5560">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300" width="400" height="300">'
        '<rect width="400" height="300" fill="#e6eaed"/>'
        '<path d="M170 50h60v50h-60z M170 100l20-22 14 14 10-10 16 18" fill="none" '
        f'stroke="#4a5560" stroke-width="3"/>{texts}</svg>'
    )
    return _unkept(HttpResponse(svg, content_type="image/svg+xml", status=status))


def _wrapped(text: str) -> list[str]:
    """The text in lines that fit the placeholder; Chinese letters are twice as wide as Latin."""
    is_wide = any(east_asian_width(letter) in "WF" for letter in text)
    return textwrap.wrap(text, 22 if is_wide else 44)[:5]
