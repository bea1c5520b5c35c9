"""What plans may do in a library, and which copy they keep: the editor with its preview."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from review.keeping import OF_RECORD, WORDS
from review.models import ActionRule
from review.plans.plan_forms import ActionRuleForm
from review.plans.rules import COOLING_OFF_DAYS, order_of, rule_of
from review.services import action_rules
from review.services.action_rules import KeptOtherwise
from review.views.plans import LOOK
from scanning.models import Library

SHOWN = 20


@require(*LOOK)
@require_http_methods(["GET", "HEAD", "POST"])
def action_rule(request: SignedInRequest, pk: int) -> HttpResponse:
    """First which files would be kept otherwise, then the change."""
    library = get_object_or_404(Library.objects.visible_to(request.user), pk=pk)
    if request.method == "POST" and not request.user.may(Can.MAKE_PLANS):
        raise PermissionDenied
    rule = rule_of(library.pk)
    form = ActionRuleForm(
        order_of(rule),
        request.POST if request.method == "POST" else None,
        initial={
            "may_act": rule.may_act if rule else False,
            "replacement": rule.replacement if rule else ActionRule.Replacement.POINTER,
            "cooling_off_days": rule.cooling_off_days if rule else COOLING_OFF_DAYS,
        },
    )
    otherwise: list[KeptOtherwise] | None = None
    if form.is_valid():
        try:
            if request.POST.get("do") == "save":
                action_rules.change_action_rule(
                    actor=request.user,
                    library=library,
                    facts=form.facts(),
                    reason=form.cleaned_data["change_reason"],
                )
                messages.success(request, _("Saved. It counts from now on."))
                return redirect("review:plans")
            otherwise = action_rules.preview_order(
                actor=request.user, library=library, order=form.facts().keep_order
            )
        except ValidationError as error:
            form.add_error(None, error.messages)
    versions = ActionRule.objects.filter(library=library).select_related("made_by")
    context = {
        "library": library,
        "rule": rule,
        "form": form,
        "otherwise": otherwise,
        "shown": (otherwise or [])[:SHOWN],
        "hidden_count": max(0, len(otherwise or []) - SHOWN),
        "of_record": [criterion.word for criterion in OF_RECORD],
        "history": [
            (version, [WORDS.get(code, code) for code in version.keep_order])
            for version in versions
        ],
        "order": [WORDS.get(code, code) for code in order_of(rule)],
        "may_make": request.user.may(Can.MAKE_PLANS),
    }
    status = 400 if form.errors else 200
    return render(request, "review/action_rule.html", context, status=status)
