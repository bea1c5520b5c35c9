"""Of which record class a library's files are: the editor, and changes that wait for approval."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from review.models import LibraryScheme, RecordClass
from review.records import retention_words as words
from review.records.retention_forms import SchemeForm
from review.services import retention
from review.services.refusals import Refused
from review.views.retention import LOOK, answered, saved, shown
from scanning.models import Library


@require(*LOOK)
@require_http_methods(["GET", "HEAD", "POST"])
def scheme(request: SignedInRequest, pk: int) -> HttpResponse:
    """How a library is classed, and a form to change it; first the preview, then the change."""
    library = get_object_or_404(Library.objects.visible_to(request.user), pk=pk)
    if request.method == "POST" and not request.user.may(Can.MANAGE_RETENTION):
        raise PermissionDenied
    current = LibraryScheme.objects.filter(library=library).in_force().first()
    form = SchemeForm(
        request.POST if request.method == "POST" else None, initial=SchemeForm.initial_of(current)
    )
    needs_approval, effect = False, None
    if form.is_valid():
        actor, facts = request.user, form.facts()
        try:
            if request.POST.get("do") == "save":
                reason = form.cleaned_data["change_reason"]
                version = retention.change_scheme(
                    actor=actor, library=library, facts=facts, reason=reason
                )
                return saved(request, version.needs_approval)
            needs_approval, counted = retention.preview_scheme(
                actor=actor, library=library, facts=facts
            )
            effect = shown(counted, actor)
        except (ValidationError, Refused) as error:
            form.add_error(None, getattr(error, "messages", str(error)))
    versions = LibraryScheme.objects.filter(library=library)
    context = {
        "library": library,
        "form": form,
        "needs_approval": needs_approval,
        "effect": effect,
        "current": current,
        "lines": words.scheme_lines(current),
        "history": [
            (version, words.scheme_lines(version))
            for version in versions.select_related("made_by", "answer__given_by")
        ],
        "classes": RecordClass.objects.all(),
        "may_manage": request.user.may(Can.MANAGE_RETENTION),
    }
    status = 400 if form.errors else 200
    return render(request, "review/retention_scheme.html", context, status=status)


@require(*LOOK)
@require_http_methods(["GET", "HEAD", "POST"])
def scheme_change(request: SignedInRequest, pk: int) -> HttpResponse:
    """One proposed version: before and after, what it frees now, and the answer."""
    visible = LibraryScheme.objects.visible_to(request.user)
    version = get_object_or_404(visible.select_related("library", "made_by"), pk=pk)
    before = LibraryScheme.objects.filter(pk=version.based_on_id or 0).first()
    lines = words.changes(words.scheme_lines(before), words.scheme_lines(version))
    return answered(request, version, lines, version.library.name)
