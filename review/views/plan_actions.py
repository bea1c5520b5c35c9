"""Carrying out an approved plan, restoring a file of it, and the papers about both."""

import json

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from dedup_site.audit.spreadsheets import csv_lines
from review.actions import certificates, services, to_do
from review.models import ActionPlan, Certificate, PlanItem
from review.services.refusals import Refused
from review.views.hold_reports import csv_answer

LOOK = (Can.MAKE_PLANS, Can.APPROVE_PLANS, Can.READ_AUDIT)


@require(Can.MAKE_PLANS, Can.APPROVE_PLANS)
@require_POST
def start(request: SignedInRequest, pk: int) -> HttpResponse:
    """Carry the plan out."""
    plan = get_object_or_404(ActionPlan.objects.visible_to(request.user), pk=pk)
    try:
        services.start(actor=request.user, plan=plan)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Begun. Each file is looked at once more before it is moved."))
    return redirect("review:plan", pk)


@require(Can.MAKE_PLANS, Can.APPROVE_PLANS)
@require_POST
def restore(request: SignedInRequest, pk: int) -> HttpResponse:
    """Bring one file back from quarantine."""
    item = get_object_or_404(PlanItem.objects.visible_to(request.user), pk=pk)
    try:
        services.restore(actor=request.user, item=item)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("The file is being restored. Load this page again in a moment.")
        )
    return redirect("review:plan", item.plan_id)


@require(*LOOK)
@require_http_methods(["GET", "HEAD"])
def proof(request: SignedInRequest, pk: int) -> HttpResponse:
    """A certificate with its place in the audit log, and the proof of it."""
    found = _certificate(request, pk)
    name = f"second-look-certificate-{found.pk}-proof.json"
    return HttpResponse(
        json.dumps(certificates.document(found), ensure_ascii=False, indent=2) + "\n",
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@require(*LOOK)
@require_http_methods(["GET", "HEAD"])
def to_do_list(request: SignedInRequest, pk: int) -> HttpResponseBase:
    """The to-do list of a plan as CSV, for an owner of the files."""
    found = _certificate(request, pk, kind=Certificate.Kind.TO_DO)
    lines = csv_lines(to_do.COLUMNS, to_do.rows(found))
    return csv_answer(lines, f"second-look-to-do-{found.plan_id}.csv")


def _certificate(request: SignedInRequest, pk: int, **more: str) -> Certificate:
    visible = ActionPlan.objects.visible_to(request.user).order_by().values("pk")
    return get_object_or_404(Certificate.objects.filter(plan__in=visible, **more), pk=pk)
