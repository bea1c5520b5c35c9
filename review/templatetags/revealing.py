"""`concealed`: which of a page's pictures are sensitive and not revealed to the person."""

from typing import Any

from django import template
from django.template import RequestContext

from scanning.models import Picture, Purpose
from scanning.services import reveals
from scanning.services.reveals import Concealed

register = template.Library()


@register.simple_tag(takes_context=True)
def concealed(context: RequestContext, *pictures: Any) -> Concealed:
    """Of pictures, and of things that have a `picture`."""
    request = context["request"]
    return reveals.concealed(
        user=request.user,
        session=reveals.session_of(request),
        pictures=[each if isinstance(each, Picture) else each.picture for each in pictures],
    )


@register.simple_tag(takes_context=True)
def concealed_among(context: RequestContext, things: Any) -> Concealed:
    """As `concealed`, of a list."""
    return concealed(context, *things)


@register.simple_tag
def purposes() -> list[tuple[str, str]]:
    """The purposes to choose from: code and words."""
    return [(purpose.value, str(purpose.label)) for purpose in Purpose]
