"""Revealing sensitive pictures: by the page's script, or by a plain form that leads back."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from scanning.models import Picture, Purpose
from scanning.services import reveals

# More than any page shows at once.
MOST_PICTURES = 500


class RevealForm(forms.Form):
    """Which pictures, why, and the page to come back to."""

    picture = forms.ModelMultipleChoiceField(queryset=Picture.objects.none())
    purpose = forms.ChoiceField(choices=Purpose.choices, required=False)
    note = forms.CharField(max_length=reveals.MOST_NOTE, required=False, strip=True)
    back = forms.CharField(required=False)


@require(Can.READ_PAIRS)
@require_POST
def reveal(request: SignedInRequest) -> HttpResponse:
    """Reveal the pictures of a page; the purpose may be left out while one is in force."""
    form = RevealForm(request.POST)
    form.fields["picture"].queryset = Picture.objects.visible_to(request.user)  # type: ignore[attr-defined]  # of a model choice
    if not form.is_valid():
        return _answer(request, [str(t) for errors in form.errors.values() for t in errors], 400)
    given = form.cleaned_data
    try:
        reveals.reveal(
            actor=request.user,
            session=reveals.session_of(request),
            pictures=given["picture"][:MOST_PICTURES],
            purpose=given["purpose"],
            note=given["note"],
        )
    except ValidationError as error:
        return _answer(request, error.messages, 400)
    except PermissionDenied as error:
        return _answer(request, [str(error)], 403)
    return _answer(request, [str(_("Revealed. The purpose is in the audit log."))], 200)


def _answer(request: SignedInRequest, texts: list[str], status: int) -> HttpResponse:
    if request.headers.get("X-Desk") == "1":
        return JsonResponse({"message": " ".join(texts)}, status=status)
    for text in texts if status != 200 else []:
        messages.error(request, text)
    back = request.POST.get("back", "")
    is_ours = url_has_allowed_host_and_scheme(
        back, {request.get_host()}, require_https=request.is_secure()
    )
    return HttpResponseRedirect(back) if is_ours else redirect("home")
