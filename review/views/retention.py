"""Retention rules: the list, the editor with its preview, and changes that wait for approval."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from review.models import LibraryScheme, RecordClass, RetentionRule, RetentionRuleVersion
from review.records import retention_words as words
from review.records.retention_forms import ClassForm, NewRuleForm, RuleForm
from review.services import retention
from review.services.refusals import Refused
from review.services.retention_preview import Effect, effect_of
from scanning.models import Library

LOOK = (Can.MANAGE_RETENTION, Can.READ_AUDIT)


@dataclass(frozen=True, slots=True)
class ShownEffect:
    """What a change frees, as somebody may see it: their libraries, and whether there are more."""

    lines: list[Effect]
    is_elsewhere: bool

    @property
    def total(self) -> int:
        return sum(line.frees for line in self.lines)


def shown(effect: list[Effect], user: User) -> ShownEffect:
    """The effect in the person's libraries; of others only that they are concerned."""
    given = set(Library.objects.visible_to(user).values_list("pk", flat=True))
    changed = [line for line in effect if line.frees or line.keeps]
    lines = [line for line in changed if line.library.pk in given]
    return ShownEffect(lines, len(lines) < len(changed))


@require(*LOOK)
@require_http_methods(["GET", "HEAD"])
def overview(request: SignedInRequest) -> HttpResponse:
    """The rules in force, the libraries and their classes, and what waits for an answer."""
    names = words.class_names()
    rules = RetentionRuleVersion.objects.in_force().select_related("rule").order_by("rule__code")
    schemes = LibraryScheme.objects.visible_to(request.user)
    by_library = {scheme.library_id: scheme for scheme in schemes.in_force()}
    context = {
        "rules": [
            {
                "version": version,
                "period": words.period_in_words(version.period),
                "begins": words.beginning(version),
                "classes": [names.get(code, code) for code in version.classes],
            }
            for version in rules
        ],
        "libraries": [
            (library, by_library.get(library.pk), names.get(_class_of(by_library.get(library.pk))))
            for library in Library.objects.visible_to(request.user).order_by("name")
        ],
        "classes": RecordClass.objects.all(),
        "waiting_rules": RetentionRuleVersion.objects.waiting().select_related("rule", "made_by"),
        "waiting_schemes": schemes.waiting().select_related("library", "made_by"),
        "may_manage": request.user.may(Can.MANAGE_RETENTION),
        "form": ClassForm(),
    }
    return render(request, "review/retention.html", context)


def _class_of(scheme: LibraryScheme | None) -> str:
    return scheme.record_class if scheme else ""


@require(Can.MANAGE_RETENTION)
@require_POST
def make_class(request: SignedInRequest) -> HttpResponse:
    """A new record class."""
    form = ClassForm(request.POST)
    if form.is_valid():
        try:
            made = retention.make_class(actor=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            messages.success(request, _("Made: %(name)s.") % {"name": made})
    for errors in form.errors.values():
        messages.error(request, " ".join(str(error) for error in errors))
    return redirect("review:retention")


@require(Can.MANAGE_RETENTION)
@require_http_methods(["GET", "HEAD", "POST"])
def new_rule(request: SignedInRequest) -> HttpResponse:
    """A rule that is not there yet."""
    form = NewRuleForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and RetentionRule.objects.filter(code=form.cleaned_data["code"]).exists():
        form.add_error("code", _("There is a rule with this code."))
    code = form.cleaned_data.get("code", "") if form.is_valid() else ""
    return _edited(request, form, code, None)


@require(*LOOK)
@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: SignedInRequest, code: str) -> HttpResponse:
    """What a rule says and said, and a form to change it."""
    found = get_object_or_404(RetentionRule, code=code)
    if request.method == "POST" and not request.user.may(Can.MANAGE_RETENTION):
        raise PermissionDenied
    current = RetentionRuleVersion.objects.filter(rule=found).in_force().first()
    newest = current or RetentionRuleVersion.objects.filter(rule=found).first()
    form = RuleForm(request.POST if request.method == "POST" else None, instance=newest)
    return _edited(request, form, code, found)


def _edited(
    request: SignedInRequest, form: RuleForm, code: str, found: RetentionRule | None
) -> HttpResponse:
    """The editor: first what a change would free, then the change."""
    needs_approval, effect = False, None
    if form.is_valid():
        actor, facts = request.user, form.facts()
        try:
            if request.POST.get("do") == "save":
                version = retention.change_rule(
                    actor=actor, code=code, facts=facts, reason=form.cleaned_data["change_reason"]
                )
                return saved(request, version.needs_approval)
            needs_approval, counted = retention.preview_rule(actor=actor, code=code, facts=facts)
            effect = shown(counted, actor)
        except (ValidationError, Refused) as error:
            form.add_error(None, getattr(error, "messages", str(error)))
    versions = RetentionRuleVersion.objects.filter(rule=found)
    current = versions.in_force().first()
    context = {
        "rule": found,
        "form": form,
        "needs_approval": needs_approval,
        "effect": effect,
        "current": current,
        "lines": words.rule_lines(current),
        "history": [
            (version, words.period_in_words(version.period))
            for version in versions.select_related("made_by", "answer__given_by")
        ],
        "may_manage": request.user.may(Can.MANAGE_RETENTION),
    }
    status = 400 if form.errors else 200
    return render(request, "review/retention_rule.html", context, status=status)


def saved(request: SignedInRequest, needs_approval: bool) -> HttpResponse:  # noqa: FBT001
    """Back to the overview, with what happens next."""
    if needs_approval:
        messages.success(
            request, _("Proposed. It counts once a second person has approved; until then not.")
        )
    else:
        messages.success(request, _("Saved. It counts from now on."))
    return redirect("review:retention")


@require(*LOOK)
@require_http_methods(["GET", "HEAD", "POST"])
def rule_change(request: SignedInRequest, pk: int) -> HttpResponse:
    """One proposed version: before and after, what it frees now, and the answer."""
    version = get_object_or_404(
        RetentionRuleVersion.objects.select_related("rule", "made_by"), pk=pk
    )
    before = RetentionRuleVersion.objects.filter(pk=version.based_on_id or 0).first()
    lines = words.changes(words.rule_lines(before), words.rule_lines(version))
    return answered(request, version, lines, version.rule.code)


def answered(
    request: SignedInRequest,
    version: RetentionRuleVersion | LibraryScheme,
    lines: list[tuple[str, str, str, bool]],
    name: str,
) -> HttpResponse:
    """The page of a version that waits; POST approves or refuses it."""
    if request.method == "POST":
        is_approved = request.POST.get("answer") == "approve"
        note = request.POST.get("note", "").replace("\0", "")[:2000]
        try:
            retention.answer(
                actor=request.user,
                version=version,
                is_approved=is_approved,
                note=note,
                seen=request.POST.get("seen", ""),
            )
        except Refused as error:
            messages.error(request, str(error))
            return redirect(request.path)
        done = _("Approved. It counts from now on.") if is_approved else _("Refused.")
        messages.success(request, done)
        return redirect("review:retention")
    is_waiting = version.needs_approval and not hasattr(version, "answer")
    is_own = version.made_by_id == request.user.pk
    effect = effect_of(version) if is_waiting else []
    context = {
        "version": version,
        "name": name,
        "lines": lines,
        "is_waiting": is_waiting,
        "is_own": is_own,
        "effect": shown(effect, request.user) if is_waiting else None,
        "seen": retention.seen_as(effect),
        "may_approve": is_waiting and not is_own and request.user.may(Can.APPROVE_RETENTION),
        "may_withdraw": is_waiting and is_own and request.user.may(Can.MANAGE_RETENTION),
    }
    return render(request, "review/retention_change.html", context)
