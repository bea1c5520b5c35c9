"""How a person likes the queue: its order, and filters under a name."""

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from review.models import Order, QueueChoice, SavedFilter
from scanning.models import Library

# What of an address is a filter; its state is one too, the page is not.
KEPT = ("library", "attribute", "score_min", "score_max", "tier", "transform", "state")
MOST_FILTERS = 50


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved filter as the page shows it. `owner`: empty for one's own."""

    pk: int
    name: str
    query: str
    is_mine: bool
    is_shared: bool
    is_chosen: bool
    owner: str


def order_of(user: User, wish: str = "") -> Order:
    """The order asked for, or else the one that the person keeps."""
    if wish in Order.values:
        return Order(wish)
    kept = QueueChoice.objects.filter(user=user).values_list("order", flat=True).first()
    return Order(kept) if kept else Order.SURE


def keep_order(*, actor: User, order: str) -> None:
    """The person's queue goes by this from now on.

    Raises:
        ValidationError: there is no such order.
    """
    if order not in Order.values:
        raise ValidationError(_("Choose one of the orders."))
    QueueChoice.objects.update_or_create(user=actor, defaults={"order": order})


def query_of(sent: QueryDict) -> str:
    """The filters in an address, and nothing else of it."""
    kept = QueryDict(mutable=True)
    for name in KEPT:
        values = [value for value in sent.getlist(name) if value]
        if values:
            kept.setlist(name, sorted(values))
    return kept.urlencode()


def saved_for(user: User, sent: QueryDict) -> list[Saved]:
    """The filters that the person may use, by name."""
    now = query_of(sent)
    found = SavedFilter.objects.usable_by(user).select_related("owner")
    return [
        Saved(
            *(
                each.pk,
                each.name,
                each.query,
                each.owner_id == user.pk,
                each.library_id is not None,
            ),
            is_chosen=each.query == now,
            owner="" if each.owner_id == user.pk else each.owner.display_name,
        )
        for each in found
    ]


@transaction.atomic
def save_filter(
    *, actor: User, name: str, query: str, library: Library | None = None
) -> SavedFilter:
    """Keep filters under a name; the same name again replaces them.

    library: whose reviewers find it too.

    Raises:
        PermissionDenied: the person was not given the library.
        ValidationError: no name, no filter, or too many of them.
    """
    name = name.strip()
    ProhibitNullCharactersValidator()(name)
    if library and not Library.objects.visible_to(actor).filter(pk=library.pk).exists():
        raise PermissionDenied
    if not name or len(name) > 60:
        raise ValidationError(_("Give the filter a name of at most 60 characters."))
    query = query_of(QueryDict(query))
    if not query or len(query) > 1000:
        raise ValidationError(_("Choose some filters first, then save them."))
    mine = SavedFilter.objects.filter(owner=actor)
    if mine.exclude(name=name).count() >= MOST_FILTERS:
        raise ValidationError(_("You have many saved filters. Remove one first."))
    saved, _created = SavedFilter.objects.update_or_create(
        owner=actor, name=name, defaults={"query": query, "library": library}
    )
    return saved


def drop_filter(*, actor: User, saved: SavedFilter) -> None:
    """Remove a filter of one's own.

    Raises:
        PermissionDenied: somebody else's.
    """
    if saved.owner_id != actor.pk:
        raise PermissionDenied
    saved.delete()
