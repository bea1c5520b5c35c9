"""Reading matters, holds and releases, and asking what is held.

What a hold covers is decided in one place: the functions of Postgres that the migration
`0005_holding` makes. Everything here asks them, and so does whatever refuses an action.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models.expressions import RawSQL

from dedup_site.accounts.models import User
from scanning.models import CandidatePair, Library, Picture, SourceFile

if TYPE_CHECKING:
    from review.models import Hold, HoldRelease, Matter


class MatterQuerySet(models.QuerySet["Matter"]):
    def known_to(self, user: User) -> Self:
        """Matters whose names the person may read: all but confidential ones of others."""
        from review.models import Matter

        named = Matter.readers.through.objects.filter(matter=models.OuterRef("pk"), user=user)
        return self.filter(models.Q(is_confidential=False) | models.Exists(named))

    def open_for(self, user: User) -> "list[Matter]":
        """The open matters that the person knows of, with their names told."""
        return told(self.known_to(user).filter(state="open"))


class HoldQuerySet(models.QuerySet["Hold"]):
    def visible_to(self, user: User) -> Self:
        """Holds on something that the person may see.

        One on an attribute in all libraries is seen by whoever placed it, and where it covers a
        file that the person may see.
        """
        files = SourceFile.objects.visible_to(user)
        pictures = Picture.objects.visible_to(user).filter(pk=models.OuterRef("picture_id"))
        libraries = Library.objects.visible_to(user).filter(pk=models.OuterRef("library_id"))
        with_value = models.Func(
            models.OuterRef("attribute_name"),
            models.OuterRef("attribute_value"),
            function="jsonb_build_object",
            output_field=models.JSONField(),
        )
        everywhere = ~models.Q(attribute_name="") & models.Q(library__isnull=True)
        return self.filter(
            models.Exists(pictures)
            | models.Exists(files.filter(pk=models.OuterRef("source_file_id")))
            | models.Exists(libraries)
            | everywhere
            & (
                models.Q(placed_by=user)
                | models.Exists(files.filter(attributes__contains=with_value))
            )
        )

    def in_force(self) -> Self:
        """Holds that no release has ended yet."""
        return self.exclude(models.Exists(_effective(models.OuterRef("pk"))))

    def released(self) -> Self:
        """Holds that a release has ended."""
        return self.filter(models.Exists(_effective(models.OuterRef("pk"))))

    def covering(self, files: models.QuerySet[SourceFile]) -> Self:
        """Holds in force on any of these files, or on a copy of one."""
        ids = ArraySubquery(files.order_by().values("pk"))
        return self.filter(
            pk__in=_Ids(
                ids,
                function="review_holds_on",
                template="(SELECT hold_id FROM %(function)s(%(expressions)s))",
            )
        )

    def with_file_count(self, user: User) -> Self:
        """Adds `file_count`: the present files that each hold covers now, copies included.

        Only in libraries that the person was given.
        """
        return self.annotate(
            file_count=RawSQL(
                "(SELECT count(*) FROM scanning_sourcefile held WHERE held.is_present "
                "AND (%s OR held.library_id IN (SELECT access.library_id "
                "FROM scanning_libraryaccess access WHERE access.user_id = %s)) "
                "AND held.id IN (SELECT review_held_files(ARRAY[review_hold.id])))",
                (user.sees_all_libraries, user.pk),
                output_field=models.BigIntegerField(),
            )
        )


class HoldReleaseQuerySet(models.QuerySet["HoldRelease"]):
    def with_state(self) -> Self:
        """Adds `state`, one of `HoldRelease.State`, by the clock of the database."""
        return self.annotate(
            state=models.Case(
                models.When(withdrawal__isnull=False, then=models.Value("withdrawn")),
                models.When(approval__isnull=True, then=models.Value("proposed")),
                models.When(
                    approval__effective_at__lte=TransactionNow(), then=models.Value("effective")
                ),
                default=models.Value("approved"),
                output_field=models.CharField(),
            )
        )

    def visible_to(self, user: User) -> Self:
        """Releases of holds on something that the person may see."""
        from review.models import Hold

        return self.filter(hold__in=Hold.objects.visible_to(user).order_by().values("pk"))

    def pending(self) -> Self:
        """Releases that can still be approved or withdrawn."""
        return self.in_state("proposed", "approved")

    def in_state(self, *states: str) -> Self:
        """Releases that stand at one of these, with their `state`."""
        return self.with_state().filter(state__in=states)


def _effective(hold: models.OuterRef) -> "models.QuerySet[HoldRelease]":
    from review.models import HoldRelease

    return HoldRelease.objects.filter(
        hold=hold, withdrawal__isnull=True, approval__effective_at__lte=TransactionNow()
    )


def told(matters: "Iterable[Matter]") -> "list[Matter]":
    """The same matters with their names told: only for somebody who may know of them."""
    known = list(matters)
    for matter in known:
        matter.is_known = True
    return known


def tell(holds: "Iterable[Hold]", user: User) -> "list[Hold]":
    """The same holds; the names of their matters are told where the person may know them."""
    from review.models import Matter

    listed = list(holds)
    wanted = {hold.matter_id for hold in listed if hold.matter.is_confidential}
    known = set(Matter.objects.known_to(user).filter(pk__in=wanted).values_list("pk", flat=True))
    for hold in listed:
        hold.matter.is_known = hold.matter_id in known
    return listed


class _Ids(models.Func):
    """A function of Postgres that gives a set of ids, for `pk__in=`."""

    template = "(SELECT %(function)s(%(expressions)s))"
    output_field = models.BigIntegerField()


def held_files(holds: "models.QuerySet[Hold] | None" = None) -> models.QuerySet[SourceFile]:
    """Files under a hold in force: directly, by their content, or as a copy of something held.

    A copy is every file of the same content, and of every picture that confirmed pairs join to it.
    holds: those that count; without them every hold does, as for anything done to a file.
    """
    return SourceFile.objects.filter(pk__in=_Ids(*_array(holds), function="review_held_files"))


def directly_held_files(holds: "models.QuerySet[Hold]") -> models.QuerySet[SourceFile]:
    """Files that these holds cover themselves: neither copies, nor the files of held pictures."""
    covered = _Ids(
        *_array(holds),
        function="review_directly_held",
        template="(SELECT source_file_id FROM %(function)s(%(expressions)s))",
    )
    return SourceFile.objects.filter(pk__in=covered)


def held_pictures(holds: "models.QuerySet[Hold] | None" = None) -> models.QuerySet[Picture]:
    """Pictures of which any copy is under a hold in force; `holds` as in `held_files`."""
    return Picture.objects.filter(pk__in=_Ids(*_array(holds), function="review_held_pictures"))


def _array(holds: "models.QuerySet[Hold] | None") -> list[ArraySubquery]:
    return [] if holds is None else [ArraySubquery(holds.order_by().values("pk"))]


def counted_for(user: User) -> "models.QuerySet[Hold] | None":
    """The holds that lists show to the person; None stands for every one.

    Others do not count there: they would tell that a picture also lies in a library not given.
    Whatever is done to a file asks for all holds instead.
    """
    from review.models import Hold

    return None if user.sees_all_libraries else Hold.objects.visible_to(user)


def is_held(user: User) -> models.Q:
    """Whether a hold that the person may see covers a picture of the pair, or a copy of it."""
    held = held_pictures(counted_for(user)).order_by().values("pk")
    return models.Q(left__in=held) | models.Q(right__in=held)


def held_pairs() -> models.QuerySet[CandidatePair]:
    """Pairs of which either picture is held, by whichever hold."""
    held = held_pictures().order_by().values("pk")
    return CandidatePair.objects.filter(models.Q(left__in=held) | models.Q(right__in=held))
