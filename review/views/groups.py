"""Groups: the list, one group on one page, any two of its pictures side by side."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from review import comparison, own_uploads, policies
from review.comparison import Side
from review.evidence import files_for
from review.grouping import group_page
from review.grouping.group_forms import GroupAnswerForm, GroupFilterForm
from review.models import Group, GroupDecision, Verdict
from review.numbers import number
from review.quality.second import groups_without_work
from review.querysets import GroupQuerySet, shown_to
from review.services import group_decisions
from review.services.refusals import Refused
from scanning.models import Library, Picture

PAGE = 50
# A group of two is a pair: the queue shows it already.
SMALLEST = 3
STATES = ("open", "done", "all")


def filtered(request: SignedInRequest) -> tuple[GroupFilterForm, GroupQuerySet]:
    """The groups that the person may see and that the query string asks for."""
    form = GroupFilterForm(request.GET)
    form.fields["library"].queryset = Library.objects.visible_to(request.user)  # type: ignore[attr-defined]  # of a model choice
    groups = Group.objects.visible_to(request.user)
    if policies.may_give(request.user, Verdict.DUPLICATE):
        groups = own_uploads.without_own_groups(groups, request.user)
    if not form.is_valid():
        return form, groups.none()
    if form.cleaned_data["library"]:
        groups = groups.filter(library=form.cleaned_data["library"])
    return form, groups.filter(size__gte=int(form.cleaned_data["size"] or SMALLEST))


def in_states(user: User) -> dict[str, Q]:
    """What each state of the list asks; what the person judged, and waits for others, is done."""
    idle = list(groups_without_work(user).order_by().values_list("pk", flat=True))
    is_open = Q(open_pairs__gt=0) & ~Q(pk__in=idle)
    return {"open": is_open, "done": ~is_open, "all": Q()}


def url_with(request: SignedInRequest, name: str, *args: object, **more: str) -> str:
    """An address that keeps library and size of the current one."""
    kept = {key: request.GET[key] for key in ("library", "size") if request.GET.get(key)} | more
    return reverse(name, args=args) + (f"?{urlencode(kept)}" if kept else "")


def after(groups: GroupQuerySet, size: int, pk: int) -> GroupQuerySet:
    """The groups behind a place of the list: the largest come first."""
    return groups.filter(Q(size__lt=size) | Q(size=size, pk__gt=pk))


@require(Can.READ_PAIRS, Can.REVIEW)
@require_safe
def groups(request: SignedInRequest) -> HttpResponse:
    """The groups, the largest first, a page at a time."""
    form, found = filtered(request)
    state = request.GET.get("state", "open")
    state = state if state in STATES else "open"
    conditions = in_states(request.user)
    counts = found.order_by().aggregate(
        **{name: Count("pk", filter=condition) for name, condition in conditions.items()}
    )
    size, _dot, pk = request.GET.get("after", "").partition(".")
    shown = found.filter(conditions[state]).select_related("library", "weakest")
    is_later = size.isdecimal() and pk.isdecimal() and len(size + pk) < 19
    page = list((after(shown, int(size), int(pk)) if is_later else shown)[: PAGE + 1])
    last = page[PAGE - 1] if len(page) > PAGE else None
    labels = {"open": _("Open"), "done": _("Judged"), "all": _("All")}
    here = "review:groups"
    context = {
        "form": form,
        "rows": group_page.rows_of(page[:PAGE], request.user),
        "state": state,
        "tabs": [
            (name, labels[name], url_with(request, here, state=name), counts[name])
            for name in STATES
        ],
        "query": url_with(request, here).partition("?")[2],
        "first_url": url_with(request, here, state=state) if is_later else "",
        "next_url": url_with(request, here, state=state, after=f"{last.size}.{last.pk}")
        if last
        else "",
    }
    return render(request, "review/groups.html", context)


@require(Can.READ_PAIRS, Can.REVIEW)
@require_safe
def group(request: SignedInRequest, pk: int) -> HttpResponse:
    """One group with all its pictures."""
    return show(request, _group(request, pk))


def _group(request: SignedInRequest, pk: int) -> Group:
    visible = Group.objects.visible_to(request.user)
    return get_object_or_404(visible.select_related("library"), pk=pk)


def show(
    request: SignedInRequest,
    group: Group,
    *,
    problems: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The group page; after a refused answer with everything that was chosen."""
    given = request.POST
    may_judge = policies.may_give(request.user, Verdict.DUPLICATE)
    is_own = may_judge and own_uploads.has_uploaded(
        request.user, group.memberships.values_list("picture", flat=True)
    )
    context = {
        **group_page.context(group, request.user),
        "may_judge": may_judge and not is_own,
        "own_upload": own_uploads.OF_A_GROUP if is_own else "",
        "problems": problems or [],
        "chosen": {
            "verdict": given.get("verdict", ""),
            "note": given.get("note", ""),
            "reason_rest": given.get("reason_rest", ""),
            "pictures": {number(text) for text in given.getlist("picture")} - {None},
        },
        "query": url_with(request, "review:groups").partition("?")[2],
        "next_url": _next_url(request, group),
    }
    return render(request, "review/group.html", context, status=status)


def _next_url(request: SignedInRequest, group: Group) -> str:
    """The next open group behind this one, else the first; empty where there is none."""
    _form, found = filtered(request)
    open_groups = found.filter(in_states(request.user)["open"]).exclude(pk=group.pk)
    following = after(open_groups, group.size, group.pk).first() or open_groups.first()
    return url_with(request, "review:group", following.pk) if following else ""


@require(Can.REVIEW)
@require_POST
def judge(request: SignedInRequest, pk: int) -> HttpResponse:
    """A verdict on the whole group; then the next one, or this one where pairs were left out."""
    group = _group(request, pk)
    form = GroupAnswerForm(request.POST)
    if not form.is_valid():
        problems = [str(text) for errors in form.errors.values() for text in errors]
        return show(request, group, problems=problems, status=400)
    try:
        given = group_decisions.judge(actor=request.user, group=group, answer=form.answer)
    except ValidationError as error:
        return show(request, group, problems=error.messages, status=400)
    except Refused as error:
        return show(request, group, problems=[str(error)], status=409)
    settled = sum(given.evidence["settled"].values())
    messages.success(
        request,
        ngettext(
            "Saved: %(verdict)s. %(number)d pair is settled.",
            "Saved: %(verdict)s. %(number)d pairs are settled.",
            settled,
        )
        % {"verdict": given.get_verdict_display(), "number": settled},
    )
    if any(given.evidence["left_out"].values()):
        for text in left_out_words(given.evidence["left_out"]):
            messages.warning(request, text)
        return redirect(url_with(request, "review:group", group.pk))
    return redirect(_next_url(request, group) or url_with(request, "review:groups"))


def left_out_words(left_out: dict[str, list[int]]) -> list[str]:
    """Which pairs a verdict on the group left as they were, and why."""
    held, busy = len(left_out.get("on_hold", ())), len(left_out.get("with_somebody_else", ()))
    words = []
    if held:
        words.append(
            ngettext(
                "%(number)d pair was left open: a picture of it is on legal hold.",
                "%(number)d pairs were left open: a picture of each is on legal hold.",
                held,
            )
            % {"number": held}
        )
    if busy:
        words.append(
            ngettext(
                "%(number)d pair was left open: somebody else is looking at it.",
                "%(number)d pairs were left open: somebody else is looking at them.",
                busy,
            )
            % {"number": busy}
        )
    return words


@require(Can.READ_PAIRS, Can.REVIEW)
@require_safe
def look(request: SignedInRequest, pk: int) -> HttpResponse:
    """The way from a verdict to its group, as it is now."""
    libraries = Library.objects.visible_to(request.user)
    given = get_object_or_404(GroupDecision.objects.filter(library__in=libraries), pk=pk)
    return redirect(group_url(given))


@require(Can.REVIEW)
@require_POST
def undo(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take back one's own verdict on a group, with everything that it settled."""
    libraries = Library.objects.visible_to(request.user)
    given = get_object_or_404(GroupDecision.objects.filter(library__in=libraries), pk=pk)
    try:
        group_decisions.undo(actor=request.user, given=given)
    except Refused as error:
        messages.error(request, str(error))
        return redirect("review:history")
    messages.success(request, undone_words(given))
    return redirect(group_url(given))


def undone_words(given: GroupDecision) -> str:
    """What is said when a verdict on a group was taken back."""
    return _("Undone: %(verdict)s. The pairs that it settled are undecided again.") % {
        "verdict": given.get_verdict_display()
    }


def group_url(given: GroupDecision) -> str:
    """Where to look at the group of a verdict; the list where it is gone."""
    if Group.objects.filter(pk=given.group_number, library=given.library_id).exists():
        return reverse("review:group", args=[given.group_number])
    return reverse("review:groups")


@require(Can.READ_PAIRS, Can.REVIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def compare(request: SignedInRequest, pk: int) -> HttpResponse:
    """Two of the group's pictures: their pair if there is one, else only to look at."""
    group = _group(request, pk)
    if request.method == "POST":
        chosen = request.POST.getlist("picture")
        if len(chosen) != 2:
            problems = [_("Choose two pictures to compare.")]
            return show(request, group, problems=problems, status=400)
        two = {"left": chosen[0], "right": chosen[1]}
        return redirect(url_with(request, "review:group_compare", group.pk, **two))
    left, right = (_member(request, group, name) for name in ("left", "right"))
    if left == right:
        raise Http404
    either_way = shown_to(request.user).filter(
        Q(left=left, right=right) | Q(left=right, right=left)
    )
    if (pair := either_way.first()) is not None:
        return redirect("review:pair", pair.pk)
    sides = [_side(request, picture) for picture in (left, right)]
    context = {
        "group": group,
        "sides": sides,
        "differences": comparison.differences(sides[0], sides[1]),
        "query": url_with(request, "review:groups").partition("?")[2],
    }
    return render(request, "review/group_compare.html", context)


def _member(request: SignedInRequest, group: Group, name: str) -> Picture:
    pk = number(request.GET.get(name, ""))
    return get_object_or_404(Picture, pk=pk, memberships__group=group)


def _side(request: SignedInRequest, picture: Picture) -> Side:
    files = files_for(picture, request.user)
    return Side(picture, files, next(iter(files), None))
