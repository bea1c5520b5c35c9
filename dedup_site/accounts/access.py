"""Who may open a view: the capability; the scope is every queryset's `visible_to`."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can

P = ParamSpec("P")


class SignedInRequest(HttpRequest):
    """A request after LoginRequiredMiddleware: its user is one of ours."""

    user: User


View = Callable[Concatenate[SignedInRequest, P], HttpResponseBase]


def require(*cans: Can) -> Callable[[View[P]], View[P]]:
    """Only people who may do one of these open the view; others get 403."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(
            request: SignedInRequest, /, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            if not any(request.user.may(can) for can in cans):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate
