"""Hidden known pairs: made, met, judged, counted."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from dedup_site.accounts.models import User
from dedup_site.audit.models import AuditEvent
from review.models import (
    Decision,
    Hold,
    KnownMeeting,
    KnownPair,
    KnownPairRule,
    KnownVerdict,
    Matter,
)
from review.quality.known import hit_rates
from review.quality.statistics import wilson
from review.services import known_pairs, known_verdicts
from scanning.models import CandidatePair, Library, MadeCopy, Picture, Upload
from scanning.services import copies
from tests.conftest import MakePair
from tests.review.quality.known import DESK, always, drawn, made

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]
SAME = {"verdict": "duplicate", "reason": "same_picture", "token": "1"}


@pytest.fixture
def everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lot chooses every place: which ones it chooses has a test of its own."""
    monkeypatch.setattr(known_verdicts, "chooses", lambda *_given: True)


def url(name: str, number: int) -> str:
    return reverse(f"review:{name}", args=[number])


@pytest.mark.parametrize("recipe", MadeCopy.Recipe.values)
def test_a_copy_is_made_beside_the_library(library: Library, recipe: str) -> None:
    origin = drawn(library)
    before = sorted(path.name for path in Path(library.root).iterdir())
    copy = copies.make(origin=origin, library=library, recipe=recipe)
    found = copies.compared_as_near(copy, is_left=True)
    assert found.score > 500
    assert bytes(copy.sha256) != bytes(origin.sha256)
    assert sorted(path.name for path in Path(library.root).iterdir()) == before


def test_half_are_look_alikes(admin: User, library: Library, make_pair: MakePair) -> None:
    pair = make_pair(tier="lookalike", score=10)
    for number in range(3):
        drawn(library, f"{number}.jpg")
    known = known_pairs.make(actor=admin, library=library, size=2)
    assert [(each.truth, each.source, each.tier) for each in known] == [
        ("not_duplicate", pair, "lookalike"),
        ("duplicate", None, "near"),
    ]
    event = AuditEvent.objects.get(action="quality.known_pairs_made")
    assert json.loads(event.body)["data"]["pairs"] == [each.pk for each in known]


def test_a_doubtful_look_alike_is_not_known(library: Library, make_pair: MakePair) -> None:
    make_pair(tier="lookalike", score=400)
    assert not known_pairs.told_apart(library).exists()


def test_numbers_are_those_of_pairs_and_pictures(
    admin: User, library: Library, make_pair: MakePair
) -> None:
    before = make_pair()
    known = made(admin, library)
    after = make_pair("c", "d")
    assert before.pk < known.pk < after.pk
    assert known.copy is not None
    assert not Picture.objects.filter(pk=known.copy.pk).exists()
    assert not CandidatePair.objects.filter(pk=known.pk).exists()


def test_the_rule_is_off_and_versioned(admin: User, reviewer: User, library: Library) -> None:
    assert known_pairs.in_force(library) is None
    always(admin, library)
    with pytest.raises(ValidationError):
        always(admin, library)
    with pytest.raises(ValidationError):
        known_pairs.set_rule(actor=admin, library=library, percent=21, reason="")
    with pytest.raises(PermissionDenied):
        always(reviewer, library)
    known_pairs.set_rule(actor=admin, library=library, percent=0, reason="")
    rules = KnownPairRule.objects.filter(library=library).order_by("number")
    assert [rule.percent for rule in rules] == [20, 0]
    assert AuditEvent.objects.filter(action="quality.known_rule_changed").count() == 2


def test_a_sensitive_library_has_none(admin: User, library: Library) -> None:
    library.is_sensitive = True
    library.save()
    with pytest.raises(ValidationError):
        always(admin, library)
    with pytest.raises(ValidationError):
        known_pairs.make(actor=admin, library=library, size=1)


def test_the_lot_is_always_the_same_and_keeps_the_rate(
    admin: User, reviewer: User, second_reviewer: User, library: Library, make_pair: MakePair
) -> None:
    always(admin, library)
    rule = known_pairs.in_force(library)
    assert rule is not None
    places = [known_pairs.lot("place", library.pk, reviewer.pk, n) for n in range(2000)]
    assert places == [known_pairs.lot("place", library.pk, reviewer.pk, n) for n in range(2000)]
    assert 300 < sum(place < 20 for place in places) < 500
    pair = make_pair()
    assert known_verdicts.chooses(rule, reviewer, pair) == known_verdicts.chooses(
        rule, reviewer, pair
    )
    rule.percent = 100
    assert known_verdicts.chooses(rule, second_reviewer, pair)


@pytest.mark.usefixtures("everywhere")
def test_a_reviewer_meets_one_and_then_the_pair(
    admin: User, reviewer: User, library: Library, make_pair: MakePair, client_as: ClientAs
) -> None:
    pair = make_pair()
    known = made(admin, library)
    client = client_as(reviewer)
    assert client.get(reverse("review:next")).headers["Location"] == url("pair", pair.pk)

    always(admin, library)
    assert client.get(reverse("review:next")).headers["Location"] == url("pair", known.pk)
    desk = client.get(reverse("review:next"), headers=DESK).text
    assert f'data-pair="{known.pk}"' in desk
    assert f'data-url="{url("pair", known.pk)}"' in desk
    prefetched = client.get(reverse("review:next"), {"without": known.pk}, headers=DESK)
    assert f'data-pair="{pair.pk}"' in prefetched.text

    answer = client.post(url("decide", known.pk), SAME, headers=DESK)
    given = KnownVerdict.objects.get()
    assert answer.json() == {"message": "Saved: Duplicate.", "decision": given.pk}
    again = client.post(url("decide", known.pk), SAME, headers=DESK)
    assert again.json()["decision"] == given.pk
    assert client.get(reverse("review:next")).headers["Location"] == url("pair", pair.pk)


@pytest.mark.usefixtures("everywhere")
def test_filters_that_it_would_not_pass_leave_it_out(
    admin: User, reviewer: User, library: Library, make_pair: MakePair, client_as: ClientAs
) -> None:
    pair = make_pair(score=100)
    made(admin, library)
    always(admin, library)
    answer = client_as(reviewer).get(reverse("review:next"), {"score_max": "20"})
    assert answer.headers["Location"].startswith(url("pair", pair.pk))


def test_its_page_looks_like_that_of_a_pair(
    admin: User, reviewer: User, second_reviewer: User, library: Library, make_pair: MakePair,
    client_as: ClientAs,
) -> None:  # fmt: skip
    pair, known = make_pair(), made(admin, library)
    client = client_as(reviewer)
    real, page = (client.get(url("pair", number)) for number in (pair.pk, known.pk))
    assert page.status_code == 200
    for word in ("data-lease-url", "data-release-url", "data-refer-form", "Found in", "Score"):
        assert word in real.text
        assert word in page.text
    assert "KNOWN" not in page.text.upper().replace("IS NOT KNOWN", "").replace("UNKNOWN", "")
    assert second_reviewer.display_name in page.text
    assert set(real.context["findings"][0][1]) == set(page.context["findings"][0][1])


def test_its_pictures_are_shown_like_any_other(
    admin: User, reviewer: User, outsider: User, library: Library, client_as: ClientAs
) -> None:
    known = made(admin, library)
    assert known.copy is not None
    address = reverse("pictures:show", args=[known.copy.pk, "thumb"])
    answer = client_as(reviewer).get(address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert Image.open(BytesIO(answer.content)).size == (320, 240)
    part = reverse("pictures:part", args=[known.copy.pk, 10, 10, 64, 32])
    assert Image.open(BytesIO(client_as(reviewer).get(part).content)).size == (64, 32)
    assert client_as(outsider).get(address).status_code == 404
    library.is_sensitive = True
    library.save()
    assert client_as(reviewer).get(address).status_code == 404


def test_a_lost_copy_is_made_again(admin: User, library: Library, data_dir: Path) -> None:
    known = made(admin, library)
    assert known.copy is not None
    before = copies.content(known.copy)
    for path in (data_dir / "copies").iterdir():
        path.unlink()
    assert copies.content(known.copy) == before


@pytest.mark.parametrize("person", ["admin", "auditor", "outsider", "signed out"])
def test_nobody_else_finds_it(
    request: pytest.FixtureRequest, admin: User, library: Library, client_as: ClientAs, person: str
) -> None:
    known = made(admin, library)
    if person == "signed out":
        assert Client().get(url("pair", known.pk)).status_code == 302
        return
    client = client_as(request.getfixturevalue(person))
    assert client.get(url("pair", known.pk)).status_code == 404
    assert client.post(url("decide", known.pk), SAME).status_code in (403, 404)
    assert not KnownVerdict.objects.exists()


def test_the_uploader_does_not_meet_it(
    admin: User, reviewer: User, library: Library, client_as: ClientAs
) -> None:
    known = made(admin, library)
    Upload.objects.create(user=reviewer, sha256=known.pictures[0].sha256)
    assert client_as(reviewer).get(url("pair", known.pk)).status_code == 404


@pytest.mark.usefixtures("everywhere")
def test_skipped_it_comes_after_all_others(
    admin: User, reviewer: User, library: Library, make_pair: MakePair, client_as: ClientAs
) -> None:
    pair, known = make_pair(), made(admin, library)
    always(admin, library)
    client = client_as(reviewer)
    client.get(reverse("review:next"))
    answer = client.post(url("skip", known.pk), headers=DESK)
    assert answer.json() == {"message": "Skipped. It comes again after the others."}
    assert client.get(reverse("review:next")).headers["Location"] == url("pair", pair.pk)
    client.post(url("decide", pair.pk), {**SAME, "token": pair_token(pair)})
    assert client.get(reverse("review:next")).headers["Location"] == url("pair", known.pk)


def pair_token(pair: CandidatePair) -> int:
    """Of the lease that the page holds."""
    return CandidatePair.objects.get(pk=pair.pk).review.token


@pytest.mark.usefixtures("everywhere")
def test_referred_it_comes_first_to_the_colleague(
    admin: User, reviewer: User, second_reviewer: User, library: Library, make_pair: MakePair,
    client_as: ClientAs,
) -> None:  # fmt: skip
    pair, known = make_pair(), made(admin, library)
    always(admin, library)
    client = client_as(reviewer)
    client.get(reverse("review:next"))
    sent = {"to": second_reviewer.pk, "refer_note": "", "token": "1"}
    answer = client.post(url("refer", known.pk), sent, headers=DESK)
    assert answer.json() == {"message": f"Referred to {second_reviewer.display_name}."}
    assert client.get(reverse("review:next")).headers["Location"] == url("pair", pair.pk)
    client.post(url("release", pair.pk))
    theirs = client_as(second_reviewer).get(reverse("review:next"))
    assert theirs.headers["Location"] == url("pair", known.pk)
    assert KnownMeeting.objects.filter(known=known).count() == 2


def test_the_heartbeat(admin: User, reviewer: User, library: Library, client_as: ClientAs) -> None:
    known = made(admin, library)
    client = client_as(reviewer)
    assert set(client.post(url("lease", known.pk), headers=DESK).json()) == {"token", "until"}
    assert client.post(url("release", known.pk)).status_code == 204


def test_undo_takes_back_the_last_of_both_kinds(
    admin: User, reviewer: User, library: Library, make_pair: MakePair, client_as: ClientAs
) -> None:
    pair, known = make_pair(), made(admin, library)
    client = client_as(reviewer)
    client.get(url("pair", pair.pk))
    client.post(url("decide", pair.pk), {**SAME, "token": pair_token(pair)}, headers=DESK)
    client.post(url("decide", known.pk), SAME, headers=DESK)
    first = client.post(reverse("review:undo_last"), headers=DESK).json()
    assert first["url"] == url("pair", known.pk)
    assert first["message"] == "Undone: Duplicate. The pair is undecided again."
    second = client.post(reverse("review:undo_last"), headers=DESK).json()
    assert second["url"] == url("pair", pair.pk)
    given = KnownVerdict.objects.order_by("pk").values_list("verdict", flat=True)
    assert list(given) == ["duplicate", "withdrawn"]


def test_a_verdict_is_changed_by_the_next_row(
    admin: User, reviewer: User, library: Library, client_as: ClientAs
) -> None:
    known = made(admin, library)
    client = client_as(reviewer)
    client.post(url("decide", known.pk), SAME, headers=DESK)
    other = {"verdict": "not_duplicate", "reason": "other_record"}
    assert client.post(url("decide", known.pk), other, headers=DESK).status_code == 409
    first = KnownVerdict.objects.get()
    changed = client.post(url("decide", known.pk), {**other, "supersedes": first.pk}, headers=DESK)
    assert changed.status_code == 200
    assert KnownVerdict.objects.get(supersedes=first).verdict == "not_duplicate"
    with pytest.raises(DatabaseError), transaction.atomic():
        KnownVerdict.objects.update(note="other")


def test_history_and_the_day_count_it_for_its_judge_alone(
    admin: User, reviewer: User, library: Library, make_pair: MakePair, client_as: ClientAs
) -> None:
    make_pair()
    known = made(admin, library)
    client = client_as(reviewer)
    client.post(url("decide", known.pk), SAME, headers=DESK)
    history = client.get(reverse("review:history"))
    assert url("pair", known.pk) in history.text
    assert client.get(url("pair", known.pk)).context["day"].done == 1
    assert url("pair", known.pk) not in client_as(admin).get(reverse("review:history")).text


def test_a_legal_hold_is_real(
    admin: User, reviewer: User, library: Library, client_as: ClientAs
) -> None:
    known = made(admin, library)
    matter = Matter.objects.get(reference="UNASSIGNED")
    answer = {"verdict": "legal_hold", "reason": "litigation", "matter": matter.pk, "token": "1"}
    assert (
        client_as(reviewer).post(url("decide", known.pk), answer, headers=DESK).status_code == 200
    )
    assert [hold.picture for hold in Hold.objects.all()] == known.pictures
    assert hit_rates(library, timezone.now() + timedelta(days=1)) == []


def test_a_verdict_is_an_event_of_its_own_kind(
    admin: User, reviewer: User, library: Library, client_as: ClientAs
) -> None:
    known = made(admin, library)
    client_as(reviewer).post(url("decide", known.pk), SAME, headers=DESK)
    event = AuditEvent.objects.get(action="quality.known_pair_judged")
    data = json.loads(event.body)["data"]
    assert (data["known_pair"], data["truth"]) == (known.pk, "duplicate")
    assert not AuditEvent.objects.filter(action="decision.made").exists()
    assert not Decision.objects.exists()


def test_hit_rates_are_exact(
    admin: User, reviewer: User, second_reviewer: User, library: Library, make_pair: MakePair
) -> None:
    apart = [make_pair(f"l{n}", f"r{n}", tier="lookalike", score=10) for n in range(3)]
    for number in range(3):
        drawn(library, f"{number}.jpg")
    known = known_pairs.make(actor=admin, library=library, size=6)
    assert [each.source for each in known] == [*apart, None, None, None]
    others, copied = known[:3], known[3:]

    def say(person: User, pair: KnownPair, verdict: str, reason: str) -> None:
        known_verdicts.judge(actor=person, known=pair, verdict=verdict, reason=reason)

    say(reviewer, copied[0], "duplicate", "same_picture")
    say(reviewer, copied[1], "not_duplicate", "legitimate_reuse")  # saw that it is the same
    say(reviewer, copied[2], "not_duplicate", "other_record")
    say(reviewer, others[0], "duplicate", "same_picture")
    say(reviewer, others[1], "not_duplicate", "other_record")
    say(second_reviewer, copied[0], "duplicate", "same_picture")

    assert hit_rates(library) == []  # the day is not over
    mine, theirs = hit_rates(library, timezone.now() + timedelta(days=1))
    assert tuple(mine) == (reviewer, 2, 1, 1, 1)
    assert mine.hit_interval == wilson(2, 3)
    assert mine.alarm_interval == wilson(1, 2)
    assert tuple(theirs) == (second_reviewer, 1, 0, 0, 0)
    assert theirs.alarm_share is None


def test_the_page_is_for_admins_and_auditors(
    admin: User, auditor: User, reviewer: User, library: Library, client_as: ClientAs
) -> None:
    address = url("quality_library", library.pk)
    client = client_as(admin)
    assert "Known pairs" in client.get(address).text
    assert "Set up known pairs" not in client_as(auditor).get(address).text
    assert client_as(reviewer).get(address).status_code == 403

    drawn(library)
    client.post(url("known_make", library.pk), {"size": "1"})
    client.post(url("known_rule", library.pk), {"percent": "5", "reason": "a start"})
    page = client.get(address)
    assert (page.context["known"].duplicates, page.context["known"].rule.percent) == (1, 5)
    client.post(url("known_retire", library.pk))
    assert KnownPair.objects.filter(retired_at=None).count() == 0


@pytest.mark.parametrize("name", ["known_rule", "known_make", "known_retire"])
def test_only_admins_of_the_library_set_them_up(
    admin: User, reviewer: User, library: Library, client_as: ClientAs, name: str
) -> None:
    other = Library.objects.create(name="Other", kind="mounted", root="/nowhere")
    assert client_as(reviewer).post(url(name, library.pk)).status_code == 403
    assert client_as(admin).post(url(name, other.pk)).status_code == 404
    assert Client().post(url(name, library.pk)).status_code == 302
