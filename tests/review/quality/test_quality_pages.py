"""The quality pages: figures, the rule, samples, disputes, the export."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from dedup_site.audit.models import AuditEvent
from review.models import PairReview, QualitySample, SecondReview, SecondReviewRule, Verdict
from review.services import quality_samples
from scanning.models import CandidatePair, Library
from tests.conftest import MakePair
from tests.review.conftest import Judge
from tests.review.quality.conftest import SetRule

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]

RULE = {"mode": "sample", "percent": "10", "reason": "a start"}
SAMPLE = {"kind": "lookalike", "size": "10", "score_from": "0"}


def address(name: str, library: Library) -> str:
    return reverse(f"review:quality_{name}", args=[library.pk])


@pytest.fixture
def dispute(
    set_rule: SetRule, make_pair: MakePair, reviewer: User, second_reviewer: User, judge: Judge
) -> SecondReview:
    set_rule()
    pair = make_pair()
    judge(reviewer, pair, note="=the same stamp")
    judge(second_reviewer, pair, Verdict.NOT_DUPLICATE, "other_record")
    return SecondReview.objects.get()


def test_an_empty_library_says_what_to_do(
    admin: User, library: Library, client_as: ClientAs
) -> None:
    text = client_as(admin).get(address("library", library)).text
    assert "No pair has been judged twice yet" in text
    assert "No sample has been drawn yet" in text
    assert "No verdict on a scored pair yet" in text


def test_the_figures(
    dispute: SecondReview, admin: User, library: Library, client_as: ClientAs
) -> None:
    page = client_as(admin).get(address("library", library))
    figures = page.context["figures"]
    assert figures.standing == (0, 1, 0, 0)
    assert (figures.overall.pairs, figures.overall.equal) == (1, 0)
    assert [couple.found.pairs for couple in figures.couples] == [1]
    assert [month.found.pairs for month in figures.months] == [1]
    assert "reviewer · second_reviewer" in page.text


def test_precision_by_score(
    reviewer: User, admin: User, make_pair: MakePair, judge: Judge, library: Library,
    client_as: ClientAs,
) -> None:  # fmt: skip
    judge(reviewer, make_pair("a", "b", score=950))
    judge(reviewer, make_pair("c", "d", score=1000), Verdict.NOT_DUPLICATE, "other_film")
    make_pair("e", "f", score=920)
    make_pair("g", "h", tier="lookalike", score=300)
    page = client_as(admin).get(address("library", library))
    figures = page.context["figures"]
    assert [tuple(band) for band in figures.bands] == [(900, 3, 1, 1), (300, 1, 0, 0)]
    assert [(line.score, line.pairs, line.found) for line in figures.thresholds] == [
        (900, 3, 1.5),
        (300, 4, 1.5),
    ]
    assert figures.unknown == 1


def test_the_rule_is_changed_in_versions(
    admin: User, library: Library, client_as: ClientAs
) -> None:
    answer = client_as(admin).post(address("rule", library), RULE)
    assert answer.headers["Location"] == address("library", library)
    rule = SecondReviewRule.objects.get()
    assert (rule.number, rule.mode, rule.percent, rule.made_by) == (1, "sample", 10, admin)
    event = AuditEvent.objects.get(action="quality.rule_changed")
    assert event.library_id == library.pk

    again = client_as(admin).post(address("rule", library), RULE)
    assert again.status_code == 400
    assert "Nothing has changed" in again.text


def test_a_sample_without_a_size_is_refused(
    admin: User, library: Library, client_as: ClientAs
) -> None:
    answer = client_as(admin).post(address("rule", library), {"mode": "sample"})
    assert answer.status_code == 400
    assert "from 1 to 99 percent" in answer.text


def test_who_may_do_what(
    reviewer: User, admin: User, auditor: User, officer: User, library: Library,
    client_as: ClientAs,
) -> None:  # fmt: skip
    page, rule, sample = (address(name, library) for name in ("library", "rule", "sample"))
    export, overview = address("export", library), reverse("review:quality")
    for user, expected in {
        reviewer: (200, 403, 403, 403, 403),
        admin: (200, 200, 400, 400, 200),
        auditor: (200, 200, 403, 403, 200),
        officer: (403, 403, 403, 403, 403),
    }.items():
        client = client_as(user)
        found = (
            client.get(overview).status_code,
            client.get(page).status_code,
            client.post(rule).status_code,
            client.post(sample).status_code,
            client.post(export).status_code,
        )
        assert (user.username, found) == (user.username, expected)


def test_signed_out(library: Library) -> None:
    for name in ("library", "rule", "sample", "export"):
        answer = Client().post(address(name, library))
        assert answer.status_code == 302
        assert "sign-in" in answer.headers["Location"]


def test_a_library_that_was_not_given_is_not_there(
    admin: User, library: Library, client_as: ClientAs
) -> None:
    admin.accesses.all().delete()
    client = client_as(admin)
    assert client.get(address("library", library)).status_code == 404
    for name in ("rule", "sample", "export"):
        assert client.post(address(name, library)).status_code == 404
    assert library.name not in client.get(reverse("review:quality")).text


def test_a_third_person_finds_and_settles_the_dispute(
    dispute: SecondReview, admin: User, client_as: ClientAs
) -> None:
    client = client_as(admin)
    assert f"Pair {dispute.pair_id}" in client.get(reverse("review:quality")).text
    page = client.get(reverse("review:pair", args=[dispute.pair_id]))
    assert "Two people judged this pair differently" in page.text
    assert "=the same stamp" in page.text
    answer = client.post(
        reverse("review:quality_settle", args=[dispute.pk]), {"answer": "duplicate:same_picture"}
    )
    assert answer.headers["Location"] == reverse("review:quality")
    assert PairReview.objects.get(pk=dispute.pair_id).verdict == "duplicate"


def test_a_third_reviewer_is_not_told_the_names(
    dispute: SecondReview, third_reviewer: User, set_rule: SetRule, client_as: ClientAs
) -> None:
    address_of_pair = reverse("review:pair", args=[dispute.pair_id])
    page = client_as(third_reviewer).get(address_of_pair)
    assert dispute.second_judge is not None
    assert dispute.second_judge.username not in page.text
    set_rule("everything", shows_names=True)
    page = client_as(third_reviewer).get(address_of_pair)
    assert dispute.second_judge.username in page.text


def test_a_dispute_is_nobody_elses_business(
    dispute: SecondReview, reviewer: User, second_reviewer: User, auditor: User, outsider: User,
    client_as: ClientAs,
) -> None:  # fmt: skip
    settle = reverse("review:quality_settle", args=[dispute.pk])
    answer = {"answer": "duplicate:same_picture"}
    assert client_as(reviewer).post(settle, answer).status_code == 404
    assert client_as(second_reviewer).post(settle, answer).status_code == 404
    assert client_as(outsider).post(settle, answer).status_code == 404
    assert client_as(auditor).post(settle, answer).status_code == 403
    assert Client().post(settle, answer).status_code == 302
    assert f"Pair {dispute.pair_id}" not in client_as(reviewer).get(reverse("review:quality")).text


def test_an_answer_without_a_reason_is_refused(
    dispute: SecondReview, admin: User, client_as: ClientAs
) -> None:
    settle = reverse("review:quality_settle", args=[dispute.pk])
    answer = client_as(admin).post(settle, {"answer": "duplicate"})
    assert answer.headers["Location"] == reverse("review:pair", args=[dispute.pair_id])
    assert PairReview.objects.get(pk=dispute.pair_id).verdict == ""


# Samples.


def test_a_sample_of_look_alikes(
    admin: User, reviewer: User, make_pair: MakePair, judge: Judge, library: Library,
    client_as: ClientAs,
) -> None:  # fmt: skip
    pairs = [
        make_pair(f"l{number}", f"r{number}", tier="lookalike", score=400) for number in range(6)
    ]
    answer = client_as(admin).post(address("sample", library), {**SAMPLE, "size": "3"})
    assert answer.headers["Location"] == address("library", library)
    sample = QualitySample.objects.get()
    drawn = list(sample.sample_pairs.order_by("pk").values_list("pair", flat=True))
    assert (sample.population, len(drawn)) == (6, 3)
    again = quality_samples.by_lot(
        CandidatePair.objects.filter(pk__in=[pair.pk for pair in pairs]), sample.seed
    )
    assert list(again.values_list("pk", flat=True)[:3]) == drawn

    client = client_as(reviewer)
    overview = client.get(reverse("review:quality"))
    assert [(line.sample, line.left) for line in overview.context["samples"]] == [(sample, 3)]
    first = client.get(reverse("review:next"), {"sample": str(sample.pk), "tier": "lookalike"})
    assert first.status_code == 302
    assert int(first.headers["Location"].split("/")[3]) in drawn

    judge(reviewer, CandidatePair.objects.get(pk=drawn[0]))
    judge(reviewer, CandidatePair.objects.get(pk=drawn[1]), Verdict.NOT_DUPLICATE, "other_film")
    (estimate,) = client_as(admin).get(address("library", library)).context["figures"].estimates
    assert (estimate.judged, estimate.found, estimate.left) == (2, 1, 1)
    assert (estimate.low, estimate.high) == (0, 6)


def test_a_sample_of_rejected_pairs_goes_to_somebody_else(
    admin: User, reviewer: User, second_reviewer: User, make_pair: MakePair, judge: Judge,
    library: Library,
) -> None:  # fmt: skip
    pair = make_pair()
    first = judge(reviewer, pair, Verdict.NOT_DUPLICATE, "other_film")
    sample = quality_samples.draw(actor=admin, library=library, kind="rejected", size=10)
    assert PairReview.objects.get(pk=pair.pk).verdict == ""
    review = SecondReview.objects.get()
    assert (review.first, review.sample) == (first, sample)

    agreed = judge(second_reviewer, pair, Verdict.NOT_DUPLICATE, "other_record")
    assert PairReview.objects.get(pk=pair.pk).decision == agreed
    assert not quality_samples.population(library, "rejected").exists()


def test_nothing_to_draw_from(admin: User, library: Library, client_as: ClientAs) -> None:
    answer = client_as(admin).post(address("sample", library), SAMPLE)
    assert answer.status_code == 400
    assert "There is no such pair" in answer.text


# The export.


def test_the_export_is_safe_and_logged(
    dispute: SecondReview, admin: User, library: Library, client_as: ClientAs
) -> None:
    answer = client_as(admin).post(address("export", library))
    lines = answer.getvalue().decode("utf-8-sig").splitlines()
    assert lines[0] == "figure,of,count,hits,value,low,high"
    assert "second reviews,disputed,1,,,," in lines
    assert "agreement,all,1,0,0.0000,0.0000,0.7935" in lines
    event = AuditEvent.objects.get(action="export.quality")
    assert (event.actor_id, event.library_id) == (admin.pk, library.pk)
