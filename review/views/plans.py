"""Action plans: the list, a new one, its preview page by page, and the answer of another person."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from dedup_site.audit.services import record
from dedup_site.audit.spreadsheets import csv_lines
from review.models import ActionPlan, ActionRule, Certificate
from review.plans import plan_page
from review.plans.plan_forms import PlanForm
from review.services import plans
from review.services.refusals import Refused
from review.views.hold_reports import csv_answer
from scanning.models import Library

LOOK = (Can.MAKE_PLANS, Can.APPROVE_PLANS, Can.READ_AUDIT)
ROWS_PER_PAGE = 50


@require(*LOOK)
@require_http_methods(["GET", "HEAD"])
def overview(request: SignedInRequest) -> HttpResponse:
    """The plans that the person may see, newest first, and what each library allows."""
    visible = ActionPlan.objects.visible_to(request.user)
    found = visible.select_related("library", "made_by", "approved_by")
    rules = ActionRule.objects.visible_to(request.user).in_force()
    by_library = {rule.library_id: rule for rule in rules}
    context = {
        "page": Paginator(found, ROWS_PER_PAGE).get_page(request.GET.get("page")),
        "waiting": visible.filter(state=ActionPlan.State.PROPOSED).count(),
        "libraries": [
            (library, by_library.get(library.pk))
            for library in Library.objects.visible_to(request.user).order_by("name")
        ],
        "may_make": request.user.may(Can.MAKE_PLANS),
    }
    return render(request, "review/plans.html", context)


@require(Can.MAKE_PLANS)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: SignedInRequest) -> HttpResponse:
    """Choose a library, what happens, and to which duplicates; the draft opens as a preview."""
    form = PlanForm(
        request.user,
        request.POST if request.method == "POST" else None,
        initial={"library": request.GET.get("library")},
    )
    if form.is_valid():
        try:
            plan = plans.make_plan(
                actor=request.user,
                library=form.cleaned_data["library"],
                action=form.action_chosen,
                narrowed=form.narrowed,
                note=form.cleaned_data["note"],
            )
        except ValidationError as error:
            form.add_error("action", error.messages)
        else:
            return redirect("review:plan", plan.pk)
    status = 400 if form.errors else 200
    return render(request, "review/plan_new.html", {"form": form}, status=status)


@require(*LOOK)
@require_http_methods(["GET", "HEAD"])
def plan(request: SignedInRequest, pk: int) -> HttpResponse:
    """Every file's fate, page by page, what it frees, and what can be done with the plan now."""
    found = _plan(request, pk)
    fate = request.GET.get("fate", "")
    context = plan_page.context(found, request.user, fate, request.GET.get("page"))
    return render(request, "review/plan.html", context)


@require(Can.MAKE_PLANS)
@require_POST
def propose(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask for approval."""
    return _acted(
        request,
        pk,
        lambda plan: plans.propose(actor=request.user, plan=plan),
        _("Proposed. Somebody else, who judged none of its pairs, has to approve it."),
    )


@require(Can.APPROVE_PLANS)
@require_POST
def approve(request: SignedInRequest, pk: int) -> HttpResponse:
    """Approve what the page showed."""
    digest, note = request.POST.get("digest", ""), _note(request)
    return _acted(
        request,
        pk,
        lambda plan: plans.approve(actor=request.user, plan=plan, digest=digest, note=note),
        _("Approved. Nothing has happened to a file yet."),
    )


@require(Can.APPROVE_PLANS)
@require_POST
def refuse(request: SignedInRequest, pk: int) -> HttpResponse:
    """Refuse the plan."""
    return _acted(
        request,
        pk,
        lambda plan: plans.refuse(actor=request.user, plan=plan, note=_note(request)),
        _("Refused. Nothing happens to its files."),
    )


@require(Can.MAKE_PLANS, Can.APPROVE_PLANS)
@require_POST
def withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    """Call the plan off."""
    return _acted(
        request,
        pk,
        lambda plan: plans.withdraw(actor=request.user, plan=plan, note=_note(request)),
        _("Withdrawn. Nothing happens to its files."),
    )


@require(*LOOK)
@require_POST
def export(request: SignedInRequest, pk: int) -> HttpResponseBase:
    """Every file of the plan as CSV; that it was exported is recorded before the first line."""
    found = _plan(request, pk)
    with transaction.atomic():
        record(
            "export.plan",
            actor=request.user,
            target=found,
            library_id=found.library_id,
            data={"plan": found.pk, "digest": found.digest},
        )
    lines = csv_lines(plan_page.COLUMNS, plan_page.csv_rows(found, request.user))
    return csv_answer(lines, f"second-look-plan-{found.pk}.csv")


@require(*LOOK)
@require_http_methods(["GET", "HEAD"])
def certificate(request: SignedInRequest, pk: int) -> HttpResponse:
    """The exact bytes of a certificate."""
    visible = ActionPlan.objects.visible_to(request.user).order_by().values("pk")
    found = get_object_or_404(Certificate.objects.filter(plan__in=visible), pk=pk)
    name = f"second-look-certificate-{found.pk}.json"
    return HttpResponse(
        bytes(found.body),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _plan(request: SignedInRequest, pk: int) -> ActionPlan:
    visible = ActionPlan.objects.visible_to(request.user)
    return get_object_or_404(
        visible.select_related("library", "made_by", "approved_by", "answer__given_by"), pk=pk
    )


def _note(request: SignedInRequest) -> str:
    return request.POST.get("note", "").replace("\0", "")


def _acted(
    request: SignedInRequest, pk: int, act: Callable[[ActionPlan], ActionPlan], done: str
) -> HttpResponse:
    try:
        plan = act(_plan(request, pk))
    except (Refused, ValidationError) as error:
        messages.error(request, " ".join(getattr(error, "messages", [str(error)])))
    else:
        if plan.state == ActionPlan.State.VOID:
            messages.error(request, _("The plan is void: what it rests on has changed."))
        else:
            messages.success(request, done)
    return redirect("review:plan", pk)
