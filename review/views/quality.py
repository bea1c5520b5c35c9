"""How good the verdicts are: the figures, what is judged twice, samples, and disputes."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from review.models import SecondReviewRule
from review.quality import known, page
from review.quality.figures import figures_of
from review.quality.forms import RuleForm, SampleForm
from review.services import quality_adjudication, quality_rules, quality_samples
from review.services.quality_export import export_quality
from review.services.refusals import Refused
from review.views.hold_reports import csv_answer
from scanning.models import Library

LOOK = (Can.MANAGE_LIBRARIES, Can.READ_AUDIT)


def _library(request: SignedInRequest, pk: int) -> Library:
    return get_object_or_404(Library.objects.visible_to(request.user), pk=pk)


@require(*LOOK, Can.ADJUDICATE)
@require_safe
def overview(request: SignedInRequest) -> HttpResponse:
    """What waits for this person, and the libraries with what is judged twice in them."""
    context = {
        "disputes": quality_adjudication.disputes_for(request.user).select_related("library")[
            : page.MOST_DISPUTES
        ],
        "samples": page.samples_for(request.user),
        "may_settle": request.user.may(Can.ADJUDICATE),
        "may_judge": request.user.may(Can.REVIEW),
        "may_look": any(request.user.may(can) for can in LOOK),
        "libraries": page.libraries_for(request.user),
    }
    return render(request, "review/quality.html", context)


@require(*LOOK)
@require_safe
def library(request: SignedInRequest, pk: int) -> HttpResponse:
    """The quality page of one library."""
    return _show(request, _library(request, pk))


def _show(
    request: SignedInRequest,
    found: Library,
    *,
    rule_form: RuleForm | None = None,
    sample_form: SampleForm | None = None,
    status: int = 200,
) -> HttpResponse:
    rule = quality_rules.in_force(found)
    figures = figures_of(found)
    context = {
        "library": found,
        "rule": rule,
        "versions": SecondReviewRule.objects.filter(library=found).select_related("made_by"),
        "may_manage": request.user.may(Can.MANAGE_LIBRARIES),
        "rule_form": rule_form or RuleForm.of(rule),
        "sample_form": sample_form or SampleForm(),
        "figures": figures,
        "charts": page.charts_of(figures),
        "known": known.part_of(found),
    }
    return render(request, "review/quality_library.html", context, status=status)


@require(Can.MANAGE_LIBRARIES)
@require_POST
def set_rule(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change how much is judged twice."""
    found = _library(request, pk)
    form = RuleForm(request.POST)
    if form.is_valid():
        try:
            quality_rules.set_rule(actor=request.user, library=found, **form.values)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Saved. It counts for every verdict from now on."))
            return redirect("review:quality_library", found.pk)
    return _show(request, found, rule_form=form, status=400)


@require(Can.MANAGE_LIBRARIES)
@require_POST
def draw(request: SignedInRequest, pk: int) -> HttpResponse:
    """Draw a sample."""
    found = _library(request, pk)
    form = SampleForm(request.POST)
    if form.is_valid():
        try:
            quality_samples.draw(actor=request.user, library=found, **form.values)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("The sample is drawn. Reviewers find it under Quality."))
            return redirect("review:quality_library", found.pk)
    return _show(request, found, sample_form=form, status=400)


@require(*LOOK)
@require_POST
def export(request: SignedInRequest, pk: int) -> StreamingHttpResponse:
    """All figures of a library as CSV."""
    lines = export_quality(actor=request.user, library=_library(request, pk))
    return csv_answer(lines, "second-look-quality.csv")


@require(Can.ADJUDICATE)
@require_POST
def settle(request: SignedInRequest, pk: int) -> HttpResponse:
    """A third person's verdict; then the next dispute, if there is one."""
    review = get_object_or_404(
        quality_adjudication.disputes_for(request.user).select_related("pair"), pk=pk
    )
    verdict, _colon, reason = request.POST.get("answer", "").partition(":")
    try:
        quality_adjudication.adjudicate(
            actor=request.user,
            review=review,
            verdict=verdict,
            reason=reason,
            note=request.POST.get("note", ""),
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("review:pair", review.pair_id)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Settled. Your verdict counts."))
    following = quality_adjudication.disputes_for(request.user).first()
    return redirect("review:pair", following.pair_id) if following else redirect("review:quality")
