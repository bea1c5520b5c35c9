"""axe finds nothing serious on any page, light and dark, wide and narrow."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]  # no stubs
from playwright.sync_api import Page

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from review.models import Group
from scanning.models import Library
from tests.e2e.conftest import MakePerson, SignIn
from tests.e2e.test_every_page import NARROW, WIDE, pages_for

SIZES = {"wide": WIDE, "narrow": NARROW}
LOOKS = ["light wide", "dark wide", "dark narrow", "light narrow"]
GRAVE = ("serious", "critical")
RUN = """
() => axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
  violations.filter(({ impact }) => %s.includes(impact)).flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`)))
"""


def findings(page: Page) -> list[str]:
    """What axe calls serious or critical on the page as it stands."""
    page.evaluate(f"() => {{ if (!window.axe) {{ {AXE_SCRIPT} }} }}")
    found: list[str] = page.evaluate(RUN % list(GRAVE))
    return found


def show(page: Page, look: str) -> None:
    """The page as it stands, in another light and size."""
    scheme, size = look.split()
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of the two
    page.set_viewport_size(SIZES[size])  # type: ignore[arg-type]  # a plain dict of both
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    page.evaluate("() => document.getAnimations().forEach(each => each.finish())")


def addresses_for(role: Role, library: Library) -> list[str]:
    """The pages of a role, and those that only some data bring about."""
    group = Group.objects.filter(library=library).order_by("-size").first()
    groups = ["/review/groups/", *([f"/review/groups/{group.pk}/"] if group else [])]
    return [*pages_for(role, library), *(groups if role is Role.REVIEWER else [])]


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
def test_nothing_serious_on_any_page(
    open_page: SignIn, make_person: MakePerson, demo: Library, role: Role
) -> None:
    page = open_page(make_person(role, demo), bypass_csp=True)
    found = []
    for address in addresses_for(role, demo):
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        for look in LOOKS:
            show(page, look)
            found += [(address, look, text) for text in findings(page)]
    assert found == []


def test_nothing_serious_on_the_sign_in_page(open_page: SignIn) -> None:
    page = open_page(viewport=NARROW, bypass_csp=True)
    page.goto("/sign-in/")

    assert findings(page) == []


def test_nothing_serious_in_the_states_of_the_pair_page(open_page: SignIn, reviewer: User) -> None:
    page = open_page(reviewer, viewport=WIDE, color_scheme="dark", bypass_csp=True)
    page.goto("/review/next/")
    page.locator("[data-viewer][data-ready]").first.wait_for()
    found = []
    for key in ("x", "c", "v", "b", "z", "l", "d"):
        page.keyboard.press(key)
        found += [(key, text) for text in findings(page)]
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.locator("dialog[open]").wait_for()
    found += [("?", text) for text in findings(page)]
    assert found == []
