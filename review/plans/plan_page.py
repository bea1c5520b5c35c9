"""What the page of a plan shows. The number of queries is fixed, whatever the size of the plan."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Sum

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from review.actions.troubles import Trouble
from review.actions.wording import words as outcome_words
from review.keeping import WORDS
from review.models import ActionPlan, PlanItem
from review.plans.reasons import Because
from review.records.blocking import Block, blocking_reasons
from review.services.plan_checks import Change, has_judged
from scanning.models import CandidatePair
from scanning.report_charts import dollars
from scanning.services.report import monthly_cost

State = ActionPlan.State
Fate = PlanItem.Fate
ROWS_PER_PAGE = 50
# While it can still be approved, people read what blocks a file now.
STILL_OPEN = (State.DRAFT, State.PROPOSED)
BLOCKS = frozenset(block.value for block in Block)


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One file of the plan: its item, and why it is not acted upon."""

    item: PlanItem
    reasons: list[str]

    @property
    def kept_for(self) -> str:
        """The criterion that chose the keeper."""
        return str(WORDS.get(self.item.kept_for, ""))

    @property
    def words(self) -> str:
        """Its fate, or how far its execution has come."""
        is_acting = self.item.fate == Fate.ACT and self.item.state != PlanItem.State.DRAFT
        return str(self.item.get_state_display() if is_acting else self.item.get_fate_display())

    @property
    def outcome(self) -> str:
        """Why it was left, could not be deleted or restored; empty where all went well."""
        return outcome_words(self.item.outcome) if self.item.outcome else ""

    @property
    def is_restorable(self) -> bool:
        """Whether it lies in quarantine."""
        return self.item.state == PlanItem.State.QUARANTINED or (
            self.item.state == PlanItem.State.FAILED and self.item.outcome == Trouble.LEFT_ASIDE
        )


@dataclass(frozen=True, slots=True)
class Total:
    """Files and bytes of one fate, and what they cost a month."""

    files: int
    size: int
    money: str


def plan_lines(items: Iterable[PlanItem], plan: ActionPlan, user: User) -> list[PlanLine]:
    """The items with their reasons in words; matters that the person may know of are named."""
    listed = list(items)
    now: dict[int, list[str]] = {}
    if plan.state in STILL_OPEN:
        asked = [item.source_file_id for item in listed if item.fate != Fate.ACT]
        found = blocking_reasons(asked, user)
        now = {file: [reason.words for reason in reasons] for file, reasons in found.items()}
    return [PlanLine(item, _reasons(item, now.get(item.source_file_id, []))) for item in listed]


def _reasons(item: PlanItem, now: list[str]) -> list[str]:
    planned = [Because.from_data(reason) for reason in item.reasons]
    others = [reason.words for reason in planned if reason.code not in BLOCKS or not now]
    return now + others


def items_of(plan: ActionPlan, fate: str = "") -> Any:
    """The plan's items, what is acted upon first, with their files."""
    items = plan.items.select_related(
        "source_file", "keeper", "decision__reviewer"
    ).prefetch_related("certificates")
    if fate in Fate.values:
        items = items.filter(fate=fate)
    return items.order_by("fate", "id")


def context(plan: ActionPlan, user: User, fate: str, page_number: str | None) -> dict[str, Any]:
    """Everything for `review/plan.html`."""
    page = Paginator(items_of(plan, fate), ROWS_PER_PAGE).get_page(page_number)
    is_own = plan.made_by_id == user.pk
    is_judge = plan.state == State.PROPOSED and has_judged(user, plan)
    may_answer = (
        plan.state == State.PROPOSED and user.may(Can.APPROVE_PLANS) and not is_own and not is_judge
    )
    items = list(page.object_list)
    return {
        "plan": plan,
        "page": page,
        "lines": plan_lines(items, plan, user),
        "fate": fate,
        "fates": _sums(plan),
        "extra_query": f"&fate={fate}" if fate in Fate.values else "",
        "states": _states(plan),
        "keepers": plan.items.acting().values("keeper").distinct().count(),
        "order": [WORDS.get(code, code) for code in plan.keep_order],
        "tiers": [str(CandidatePair.Tier(tier).label) for tier in plan.narrowed.get("tiers", [])],
        "answer": getattr(plan, "answer", None),
        "void": [Change(**reason) for reason in plan.void_reasons],
        "is_own": is_own,
        "is_judge": is_judge,
        "may_carry_out": user.may(Can.MAKE_PLANS) or user.may(Can.APPROVE_PLANS),
        "lists": plan.certificates.filter(item=None),
        "may_propose": plan.state == State.DRAFT and is_own and plan.acting_count > 0,
        "may_answer": may_answer,
        "may_withdraw": plan.state in (State.DRAFT, State.PROPOSED, State.APPROVED)
        and (is_own or user.may(Can.APPROVE_PLANS)),
    }


def _sums(plan: ActionPlan) -> list[tuple[str, str, Total]]:
    """Code, words, and how much, of each fate."""
    rows = plan.items.order_by().values_list("fate").annotate(Count("pk"), Sum("size"))
    found = {fate: (count, size) for fate, count, size in rows}
    return [
        (fate.value, str(fate.label), Total(*found[fate.value], _money(plan, found[fate.value][1])))
        for fate in Fate
        if fate.value in found
    ]


def _states(plan: ActionPlan) -> list[tuple[str, int]]:
    """How far the execution has come: words and numbers of files."""
    acting = plan.items.acting().order_by().values_list("state").annotate(Count("pk"))
    found = dict(acting)
    return [(str(state.label), found[state.value]) for state in PlanItem.State if state in found]


def _money(plan: ActionPlan, size: int) -> str:
    return dollars(monthly_cost(size, plan.price_per_gb_month or Decimal()))


COLUMNS = (
    *("file", "bytes", "sha256", "fate", "reasons", "keeper", "keeper_sha256", "kept_for"),
    *("decision", "decided_by", "state", "outcome"),
)


def csv_rows(plan: ActionPlan, user: User) -> Iterator[tuple[str | int | None, ...]]:
    """Every file of the plan, in portions."""
    items = items_of(plan)
    pks = list(items.values_list("pk", flat=True))
    for start in range(0, len(pks), 1_000):
        part = items.filter(pk__in=pks[start : start + 1_000])
        for line in plan_lines(part, plan, user):
            item = line.item
            yield (
                *(item.source_file.path, item.size, bytes(item.sha256).hex(), item.fate),
                " ".join(line.reasons),
                item.keeper.path if item.keeper else "",
                bytes(item.keeper_sha256 or b"").hex(),
                *(item.kept_for, item.decision_id),
                item.decision.reviewer.get_username() if item.decision else "",
                *(item.state, item.outcome),
            )
