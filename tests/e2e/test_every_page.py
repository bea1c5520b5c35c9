"""What holds for every page: it fits small and large windows, and everybody can use it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db.models.functions import Length
from playwright.sync_api import Page, expect

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from dedup_site.audit.models import AuditEvent
from review.models import Matter
from scanning.models import CandidatePair, Library
from tests.e2e.browser import press
from tests.e2e.conftest import MakePerson, SignIn

CHECKS = (Path(__file__).parent / "page_checks.js").read_text(encoding="utf-8")
WIDE = {"width": 1440, "height": 900}
ZOOMED = {"width": 720, "height": 450}  # what is left of it at 200 %
NARROW = {"width": 390, "height": 844}
SIZES = {"wide": WIDE, "zoomed": ZOOMED, "narrow": NARROW}


def pages_for(role: Role, library: Library) -> list[str]:
    """The addresses of everything that a role works with."""
    here = f"/libraries/{library.pk}"
    found = CandidatePair.objects.filter(findings__library=library)
    pair = found.order_by(Length("transform")).last()
    assert pair is not None
    matter = Matter.objects.earliest("pk")
    pages = {
        Role.REVIEWER: [
            *("/", "/review/", "/review/next/", f"/review/pairs/{pair.pk}/", "/review/history/"),
            f"{here}/",
        ],
        Role.ADMIN: [
            *("/libraries/", "/libraries/new/folder/", "/libraries/new/uploads/"),
            *(f"{here}/", f"{here}/settings/", f"{here}/jobs/new/", f"{here}/report/"),
            *("/runs/", f"/runs/{library.runs.latest('pk').pk}/"),
            *("/people/", "/people/new/", f"/people/{User.objects.latest('pk').pk}/"),
            "/password/",
        ],
        Role.RECORDS_OFFICER: [
            *("/review/matters/", f"/review/matters/{matter.pk}/", "/review/matters/holds/"),
            *(f"/review/matters/{matter.pk}/{page}/" for page in ("change", "hold")),
            *(
                "/review/matters/releases/",
                "/review/retention/",
                "/review/retention/personal-data/",
            ),
            *("/review/retention/rules/amlo-cdd/", f"/review/retention/libraries/{library.pk}/"),
            *("/review/plans/", "/review/plans/new/", f"/review/plans/libraries/{library.pk}/"),
            f"/review/pairs/{pair.pk}/",
        ],
        Role.AUDITOR: ["/audit/", f"/audit/{AuditEvent.objects.latest('pk').pk}/"],
    }
    return pages[role]


@pytest.fixture(params=list(Role), ids=lambda role: role.value)
def person(request: pytest.FixtureRequest, make_person: MakePerson, demo: Library) -> User:
    """Somebody of each role who was given the demo library."""
    return make_person(request.param, demo)


@pytest.fixture
def visit(demo: Library, person: User) -> Callable[[Page], Iterator[str]]:
    """Opens every page of the person, one after the other."""

    def walk(page: Page) -> Iterator[str]:
        role = Role(person.groups.get().name)
        for address in pages_for(role, demo):
            answer = page.goto(address)
            assert answer is not None
            assert answer.status == 200, address
            yield address

    return walk


Visit = Callable[[Page], Iterator[str]]


def problems(page: Page, *checks: str) -> list[str]:
    found: list[str] = page.evaluate(
        f"names => {{ const checks = {CHECKS}; return names.flatMap(name => checks[name]()); }}",
        list(checks),
    )
    return found


@pytest.mark.parametrize("locale", ["en-GB", "zh-HK"])
def test_fits_and_reads_well(open_page: SignIn, person: User, visit: Visit, locale: str) -> None:
    page = open_page(person, viewport=WIDE, locale=locale)
    found = []
    for address in visit(page):
        found += [(address, text) for text in problems(page, "structure", "names", "contrast")]
        for name, size in SIZES.items():
            page.set_viewport_size(size)  # type: ignore[arg-type]  # a plain dict of both
            found += [(address, f"{name}: {text}") for text in problems(page, "width")]
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]  # a plain dict of both
    assert found == []


def test_dark_where_the_system_is_dark(open_page: SignIn, person: User, visit: Visit) -> None:
    page = open_page(person, viewport=WIDE, color_scheme="dark")
    found = []
    for address in visit(page):
        found += [(address, text) for text in problems(page, "contrast")]
        ground = page.evaluate(
            f"() => {{ const {{ luminance, channels }} = {CHECKS};"
            " const ground = getComputedStyle(document.body).backgroundColor;"
            " return luminance(channels(ground).slice(0, 3)); }"
        )
        assert ground < 0.05, address
    assert found == []


def test_the_sign_in_page(open_page: SignIn) -> None:
    page = open_page(viewport=NARROW)
    page.goto("/sign-in/")
    assert problems(page, "structure", "names", "contrast", "width") == []


def test_the_way_of_the_focus_is_visible(open_page: SignIn, person: User, visit: Visit) -> None:
    page = open_page(person, viewport=WIDE)
    for address in visit(page):
        if page.locator("[autofocus]").count() == 0:
            press(page, "Tab")
            expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        for _ in range(12):
            press(page, "Tab")
            style = page.evaluate(
                "() => { const at = document.activeElement;"
                " const {outlineStyle, outlineWidth, boxShadow} = getComputedStyle(at);"
                " const label = at.closest('label') && getComputedStyle(at.closest('label'));"
                " return [at.outerHTML.slice(0, 200), outlineStyle, outlineWidth, boxShadow,"
                " label?.outlineStyle ?? '']; }"
            )
            if style[0].startswith("<body"):
                break  # once around
            assert style[1] not in ("none", "") or style[4] not in ("none", ""), (address, style)


@pytest.mark.parametrize("size", SIZES.values(), ids=list(SIZES))
def test_the_verdicts_cover_nothing_for_good(
    open_page: SignIn, make_person: MakePerson, demo: Library, size: dict[str, int]
) -> None:
    """Each part of the pair page can be scrolled to where the bar of verdicts is not above it."""
    page = open_page(make_person(Role.REVIEWER, demo), viewport=size)
    page.goto("/review/next/")
    press(page, "d")  # with its reasons the bar is at its largest
    covered = page.evaluate(
        """() => {
          const bar = document.querySelector("[data-answer]");
          const parts = document.querySelectorAll(
            "[data-desk] :is(h1, h2, figcaption, th, td, dt, dd), footer span");
          const isCovered = (part) => {
            part.scrollIntoView({ block: "center", behavior: "instant" });
            const { left, top, width, height } = part.getBoundingClientRect();
            const there = document.elementFromPoint(left + width / 2, top + height / 2);
            return width > 1 && (!there || bar.contains(there));
          };
          return [...parts].filter((part) => part.checkVisibility() && isCovered(part))
            .map((part) => part.outerHTML);
        }"""
    )
    assert covered == []
