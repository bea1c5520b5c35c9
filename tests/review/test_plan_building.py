"""What a plan does with each file: only what people confirmed, one keeper, every reason named."""

import pytest

from dedup_site.accounts.models import User
from review.models import ActionPlan, Hold, Matter
from review.plans.building import Narrowed
from review.services import plans
from scanning.models import Library, Picture, SourceFile
from tests.conftest import MakePair, MakePicture
from tests.review.conftest import Judge
from tests.review.plans import approved_plan, fates, file_at, free_to_act
from tests.review.records import make_file, make_hold, make_rule, make_scheme

pytestmark = pytest.mark.django_db


@pytest.fixture
def planned(admin: User, officer: User, library: Library) -> None:
    free_to_act(library, officer)


def plan_of(admin: User, library: Library, **more: object) -> ActionPlan:
    return plans.make_plan(actor=admin, library=library, action="to_do", **more)  # type: ignore[arg-type]  # by name


def test_a_confirmed_pair(
    planned: None, admin: User, library: Library, reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    judge(reviewer, make_pair())
    make_pair("c", "d")  # nobody has judged it
    judge(reviewer, make_pair("e", "f"), "not_duplicate", "similar_scene")

    plan = plan_of(admin, library)

    assert fates(plan) == {"b.jpg": ("act", "a.jpg", [])}
    assert (plan.acting_count, plan.acting_bytes, plan.blocked_count) == (1, 12, 0)


def test_the_keep_rule_chooses(
    planned: None,
    admin: User,
    library: Library,
    reviewer: User,
    make_picture: MakePicture,
    make_pair: MakePair,
    judge: Judge,
) -> None:
    make_picture("b", width=4000, height=3000)
    judge(reviewer, make_pair())

    plan = plan_of(admin, library)

    assert fates(plan) == {"a.jpg": ("act", "b.jpg", [])}
    assert plan.items.get().kept_for == "larger"


def test_duplicates_of_duplicates_stay(
    planned: None, admin: User, library: Library, reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    """a is b, and b is c: nobody said that a is c, so that c may not go for a."""
    judge(reviewer, make_pair("a", "b"))
    judge(reviewer, make_pair("b", "c"))

    assert fates(plan_of(admin, library)) == {
        "b.jpg": ("act", "a.jpg", []),
        "c.jpg": ("stays", None, ["not_confirmed"]),
    }


def test_copies_with_the_same_bytes_go_where_somebody_confirmed_them(
    planned: None, admin: User, library: Library, reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    pair = make_pair("a", "a", tier="identical", distance=None, score=1000)
    make_file(library, "copies/z.jpg", bytes(pair.left.sha256))
    make_file(library, "copies/y.jpg", bytes(pair.left.sha256))
    assert fates(plan_of(admin, library)) == {}

    judge(reviewer, pair)

    assert fates(plan_of(admin, library)) == {
        "copies/y.jpg": ("act", "a.jpg", []),
        "copies/z.jpg": ("act", "a.jpg", []),
    }


def test_a_library_without_a_class_blocks(
    admin: User, library: Library, reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    judge(reviewer, make_pair())

    plan = plan_of(admin, library)

    assert fates(plan) == {"b.jpg": ("blocked", "a.jpg", ["unknown_class"])}
    assert (plan.acting_count, plan.blocked_count, plan.blocked_bytes) == (0, 1, 12)


def test_every_reason_is_named(
    admin: User,
    officer: User,
    library: Library,
    matter: Matter,
    reviewer: User,
    make_pair: MakePair,
    judge: Judge,
) -> None:
    judge(reviewer, make_pair())
    make_rule("long", "deeds", period="P99Y", source="file_date")
    make_scheme(library, record_class="deeds")
    make_hold(officer, matter, source_file=file_at(library, "b.jpg"))

    plan = plan_of(admin, library)

    # The hold spreads to the copy; the one that is held, and first by path, is kept.
    assert fates(plan) == {"b.jpg": ("blocked", "a.jpg", ["held", "retained"])}
    assert plan.items.get().reasons[1]["until"] == "2122-11-15"


def test_what_is_kept_longer_is_the_keeper(
    planned: None,
    admin: User,
    library: Library,
    reviewer: User,
    make_pair: MakePair,
    judge: Judge,
) -> None:
    judge(reviewer, make_pair())
    SourceFile.objects.filter(path="b.jpg").update(modified_ns=4_000_000_000_000_000_000)

    plan = plan_of(admin, library)

    assert fates(plan) == {"a.jpg": ("act", "b.jpg", [])}
    assert plan.items.get().kept_for == "retention"


def test_pages_of_documents_say_nothing_of_the_whole(
    planned: None, admin: User, library: Library, reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    pair = make_pair()
    Picture.objects.filter(pk=pair.left_id).update(frames=3)
    judge(reviewer, pair)

    assert fates(plan_of(admin, library)) == {
        "a.jpg": ("stays", None, ["pages"]),
        "b.jpg": ("stays", None, ["pages"]),
    }


def test_a_hard_link_to_the_keeper_stays(
    planned: None, admin: User, library: Library, reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    judge(reviewer, make_pair())
    SourceFile.objects.update(inode=77)

    assert fates(plan_of(admin, library)) == {"b.jpg": ("stays", "a.jpg", ["same_file"])}


def test_a_file_that_is_gone_is_no_copy(
    planned: None, admin: User, library: Library, reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    judge(reviewer, make_pair())
    SourceFile.objects.filter(path="a.jpg").update(is_present=False)

    assert fates(plan_of(admin, library)) == {}


def test_a_file_that_could_not_be_read_is_kept_for_nobody(
    planned: None, admin: User, library: Library, reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    judge(reviewer, make_pair())
    SourceFile.objects.filter(path="a.jpg").update(state="error")

    assert fates(plan_of(admin, library)) == {"a.jpg": ("blocked", None, ["unread"])}


def test_narrowed_to_a_folder_and_a_tier(
    planned: None, admin: User, library: Library, reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    judge(reviewer, make_pair())
    judge(reviewer, make_pair("c", "d"))
    SourceFile.objects.filter(path="d.jpg").update(path="in/d.jpg")

    plan = plan_of(admin, library, narrowed=Narrowed(folder="in"))
    assert fates(plan) == {"in/d.jpg": ("act", "c.jpg", [])}
    assert plan.narrowed == {"tiers": [], "folder": "in"}
    assert fates(plan_of(admin, library, narrowed=Narrowed(tiers=("same_pixels",)))) == {}


def test_what_another_plan_has_or_keeps_stays_with_it(
    planned: None,
    admin: User,
    officer: User,
    library: Library,
    reviewer: User,
    make_pair: MakePair,
    make_picture: MakePicture,
    judge: Judge,
) -> None:
    judge(reviewer, make_pair("a", "b"))
    first = approved_plan(admin, officer, library)
    # Now a larger copy of the keeper turns up.
    make_picture("c", width=4000, height=3000)
    judge(reviewer, make_pair("a", "c"))

    assert fates(plan_of(admin, library)) == {
        "a.jpg": ("blocked", "c.jpg", ["kept_for_others"]),
        "b.jpg": ("blocked", None, ["under_way"]),
    }
    assert first.items.get().state == "planned"


def test_holds_count_that_the_maker_may_not_know_of(
    planned: None,
    admin: User,
    officer: User,
    library: Library,
    reviewer: User,
    make_pair: MakePair,
    judge: Judge,
) -> None:
    pair = make_pair()
    judge(reviewer, pair)
    secret = Matter.objects.create(
        reference="SECRET", title="A case", opened_by=officer, is_confidential=True
    )
    Hold.objects.create(matter=secret, reason="regulator", placed_by=officer, picture=pair.left)

    item = plan_of(admin, library).items.get()

    assert item.reasons == [{"code": "held"}]
