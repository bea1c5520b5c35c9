"""Why a pair is a candidate, in words."""

from typing import NamedTuple

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dedup_site.punctuation import joined
from review.compared import transform_words
from scanning.models import CandidatePair, Finding, Fingerprint

BITS = 256

TIERS: dict[str, str | Promise] = {
    CandidatePair.Tier.IDENTICAL: _("The files are the same, byte for byte."),
    CandidatePair.Tier.SAME_PIXELS: _("The files differ, but every pixel is the same."),
    CandidatePair.Tier.NEAR: _("The pictures look the same to the fingerprint."),
    CandidatePair.Tier.LOOKALIKE: _(
        "The pictures share a template or a scene; their content seems to differ."
    ),
}


class Fact(NamedTuple):
    """One piece of evidence."""

    label: str
    text: str


def score(thousandths: int) -> str:
    """A score as a percentage that does not break: `95.4 %`."""
    words = gettext("%(number)s %%") % {"number": number_format(thousandths / 10, 1)}
    return words.replace(" ", "\N{NO-BREAK SPACE}")


def facts(pair: CandidatePair) -> list[Fact]:
    """Distance, score and transform, as far as they are known."""
    known = [Fact(gettext("Score"), score(pair.score))]
    if pair.distance is not None:
        known.append(
            Fact(
                gettext("Distance"),
                gettext("%(distance)d of %(bits)d bits differ")
                % {"distance": pair.distance, "bits": BITS},
            )
        )
    if transform := transform_words(pair.transform):
        known.append(Fact(gettext("Transform"), transform))
    return known


def rules(finding: Finding) -> list[Fact]:
    """The thresholds and rules under which a scan found the pair in a library."""
    configuration = finding.run.configuration
    known = []
    if (radius := configuration.get("near_radius")) is not None:
        known.append(
            Fact(
                gettext("Largest distance"),
                gettext("%(radius)s of %(bits)d bits") % {"radius": radius, "bits": BITS},
            )
        )
    if agree := configuration.get("must_agree"):
        known.append(Fact(gettext("Must agree"), joined(agree)))
    if differ := configuration.get("must_differ"):
        known.append(Fact(gettext("Must differ"), joined(differ)))
    return known


def versions(pair: CandidatePair) -> list[Fact]:
    """The algorithms behind the evidence, with their versions."""
    known = (
        Fingerprint.objects.filter(picture__in=(pair.left_id, pair.right_id))
        .order_by("algorithm", "version")
        .values_list("algorithm", "version")
        .distinct()
    )
    return [Fact(algorithm, version) for algorithm, version in known]
