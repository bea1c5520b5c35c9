"""Which pairs the queue shows, and which decisions the history shows: the filters of both pages."""

from decimal import Decimal
from functools import cached_property
from typing import Any, cast

import django_filters as filters
from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from dedup_site.accounts.access import SignedInRequest
from dedup_site.accounts.models import User
from review import own_uploads, policies
from review.models import Decision, Order, QualitySample, QualitySamplePair, QueuePlace, Verdict
from review.numbers import number
from review.ordering import Queue
from review.quality.second import given_by
from review.querysets import Pairs
from review.queue_querysets import QueuePlaceQuerySet
from review.records.hold_querysets import counted_for, held_pictures
from scanning.models import CandidatePair, Library, Picture, SourceFile
from scanning.querysets.pairs import QUEUE_TIERS


class State(models.TextChoices):
    """Where a pair stands, as the queue filters it; `referred` and `skipped` ones are undecided."""

    UNDECIDED = "undecided", _("Undecided")
    REFERRED = "referred", _("Referred to me")
    SKIPPED = "skipped", _("Skipped by me")
    DUPLICATE = "duplicate", _("Duplicate")
    NOT_DUPLICATE = "not_duplicate", _("Not a duplicate")
    LEGAL_HOLD = "legal_hold", _("Legal hold")
    ON_HOLD = "on_hold", _("Pictures on hold")
    ALL = "all", _("All")


OPEN_STATES = (State.UNDECIDED, State.REFERRED, State.SKIPPED)


class Step(models.TextChoices):
    """The steps of a transform, as the comparison codes them."""

    SAME = "same", _("None")
    MIRROR = "mirror", _("Mirrored")
    TURN = "turn", _("Turned")
    CROP = "crop", _("Cropped")
    INSIDE = "inside", _("Placed in a larger picture")
    SKEW = "skew", _("Skewed")
    SCALE = "scale", _("Scaled")


def visible_libraries(request: HttpRequest) -> models.QuerySet[Library]:
    """The libraries that the filter offers."""
    return Library.objects.visible_to(request.user)  # type: ignore[arg-type]  # signed in


def split_attribute(text: str) -> tuple[str, str]:
    """`key=value` as a pair of texts; a full-width equals sign counts as well."""
    key, equals, value = text.replace("\N{FULLWIDTH EQUALS SIGN}", "=", 1).partition("=")
    if not (key.strip() and equals and value.strip()):
        raise ValidationError(_("Write the attribute as name=value, for example supplier=A12."))
    return key.strip(), value.strip()


class AttributeField(forms.CharField):
    """Text of the form `key=value`."""

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value:
            split_attribute(value)


class AttributeFilter(filters.CharFilter):
    """Pairs of which a file that the person may see has this attribute."""

    field_class = AttributeField


class PairFilter(filters.FilterSet):
    """The filters of the queue. `qs` applies all but tier and state, which the counts go by."""

    library = filters.ModelChoiceFilter(
        label=_("Library"),
        queryset=visible_libraries,  # type: ignore[arg-type]  # a callable is documented
        method="filter_library",
        empty_label=_("All libraries"),
    )
    tier = filters.MultipleChoiceFilter(
        label=_("Tier"),
        choices=CandidatePair.Tier.choices,
        widget=forms.CheckboxSelectMultiple,
        method="keep",
    )
    score_min = filters.NumberFilter(
        label=_("Score from (%)"), method="filter_score_min", min_value=0, max_value=100
    )
    score_max = filters.NumberFilter(
        label=_("Score to (%)"), method="filter_score_max", min_value=0, max_value=100
    )
    attribute = AttributeFilter(
        label=_("Attribute"),
        method="filter_attribute",
        max_length=300,
        widget=forms.TextInput(
            attrs={"list": "attribute-names", "placeholder": _("name=value"), "autocomplete": "off"}
        ),
    )
    transform = filters.ChoiceFilter(
        label=_("Transform"), choices=Step.choices, method="filter_transform", empty_label=_("Any")
    )
    state = filters.ChoiceFilter(
        label=_("State"), choices=State.choices, method="keep", empty_label=None
    )

    class Meta:
        model = CandidatePair
        fields: list[str] = []

    @property
    def user(self) -> User:
        return cast("SignedInRequest", self.request).user

    def keep(self, pairs: Pairs, _name: str, _value: Any) -> Pairs:
        """Tier and state come later, in `in_state` and in the order of the queue."""
        return pairs

    def filter_library(self, pairs: Pairs, _name: str, library: Library) -> Pairs:
        return pairs.filter(pk__in=CandidatePair.objects.in_library(library.pk))

    def filter_score_min(self, pairs: Pairs, _name: str, percent: Decimal) -> Pairs:
        return pairs.filter(score__gte=percent * 10)

    def filter_score_max(self, pairs: Pairs, _name: str, percent: Decimal) -> Pairs:
        return pairs.filter(score__lte=percent * 10)

    def filter_attribute(self, pairs: Pairs, _name: str, text: str) -> Pairs:
        key, value = split_attribute(text)
        files = SourceFile.objects.visible_to(self.user).filter(
            attributes__contains={key: value}, sha256__isnull=False
        )
        pictures = Picture.objects.filter(sha256__in=files.values("sha256")).values("pk")
        return pairs.filter(models.Q(left__in=pictures) | models.Q(right__in=pictures))

    def filter_transform(self, pairs: Pairs, _name: str, step: str) -> Pairs:
        if step == Step.SAME:
            return pairs.filter(transform__in=("", step))
        return pairs.filter(transform__regex=rf"(^| ){step}")

    @cached_property
    def libraries(self) -> list[int]:
        """The libraries that the filter leaves of the person's; none where a filter is wrong."""
        if not self.form.is_valid():
            return []
        if library := self._cleaned("library"):
            return [library.pk]
        return list(Library.objects.visible_to(self.user).order_by().values_list("pk", flat=True))

    @cached_property
    def places(self) -> QueuePlaceQuerySet:
        """Open pairs that pass the filters but for tier and state, each once."""
        places = QueuePlace.objects.within(self.libraries)
        if self._cleaned("score_min") is not None:
            places = places.filter(score__gte=self._cleaned("score_min") * 10)
        if self._cleaned("score_max") is not None:
            places = places.filter(score__lte=self._cleaned("score_max") * 10)
        labels = []
        if attribute := self._cleaned("attribute"):
            labels.append("=".join(split_attribute(attribute)))
        if step := self._cleaned("transform"):
            labels.append(f"~{step}")
        return places.filter(labels__contains=labels) if labels else places

    def open_places(self, state: State | None = None) -> QueuePlaceQuerySet:
        """The filtered open pairs that stand where the filter (or `state`) says."""
        match state or self.chosen_state:
            case State.REFERRED:
                return self._open.referred_to(self.user)
            case State.SKIPPED:
                return self._open.put_off_by(self.user)
            case _:
                return self._open

    @cached_property
    def _open(self) -> QueuePlaceQuerySet:
        places = self.places.undecided().not_waiting_for_others(self.user)
        if sample := number(cast("SignedInRequest", self.request).GET.get("sample", "")):
            drawn = QualitySamplePair.objects.filter(
                sample=sample, sample__kind=QualitySample.Kind.LOOKALIKE
            )
            places = places.filter(pair__in=drawn.values("pair"))
        if policies.may_judge(self.user):
            places = cast("QueuePlaceQuerySet", own_uploads.without_own_pairs(places, self.user))
        return places

    def queue(self, order: Order = Order.SURE) -> Queue:
        """The open pairs that the filters leave, in an order; the undecided ones without a wish."""
        return Queue(self.open_places(), self.libraries, self.tiers, order)

    @cached_property
    def tiers(self) -> list[str]:
        """The tiers asked for; without a wish, all but the look-alikes."""
        return self._cleaned("tier") or list(QUEUE_TIERS)

    @cached_property
    def chosen_state(self) -> State:
        return State(self._cleaned("state") or State.UNDECIDED)

    @cached_property
    def filtered(self) -> Pairs:
        """Pairs that pass the filters but for tier and state; none where a filter is wrong."""
        pairs: Pairs = self.qs if self.form.is_valid() else CandidatePair.objects.none()
        return pairs

    def in_state(self, state: State | None = None) -> Pairs:
        """The filtered pairs that stand at `state` (or the filter's), where that is none of
        `OPEN_STATES`."""
        state = state or self.chosen_state
        match state:
            case State.ALL:
                return self.filtered
            case State.ON_HOLD:
                return self.filtered.filter(pk__in=self._held_pairs)
            case _:
                own = given_by(self.user, state)
                is_in_force = models.Q(review__verdict=state)
                if own.exists():
                    is_in_force |= models.Q(pk__in=own.values("pair"))
                return self.filtered.filter(is_in_force)

    @property
    def _held_pairs(self) -> Any:
        """Read from the held pictures, which are few; an `or` would read every pair."""
        held = held_pictures(counted_for(self.user)).order_by().values("pk")
        of_left = CandidatePair.objects.filter(left__in=held).order_by().values("pk")
        return of_left.union(CandidatePair.objects.filter(right__in=held).order_by().values("pk"))

    def _cleaned(self, name: str) -> Any:
        return self.form.cleaned_data.get(name) if self.form.is_valid() else None


def pair_filter(request: HttpRequest) -> PairFilter:
    """The filters in the query string, over what the person may see."""
    pairs = CandidatePair.objects.visible_to(request.user)  # type: ignore[arg-type]  # signed in
    return PairFilter(request.GET, queryset=pairs, request=request)


class DecisionFilter(filters.FilterSet):
    """The filters of the history page."""

    verdict = filters.ChoiceFilter(
        label=_("Verdict"), choices=Verdict.choices, empty_label=_("All verdicts")
    )
    since = filters.DateFilter(
        label=_("From"),
        field_name="made_at",
        lookup_expr="date__gte",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = filters.DateFilter(
        label=_("To"),
        field_name="made_at",
        lookup_expr="date__lte",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    class Meta:
        model = Decision
        fields: list[str] = []
