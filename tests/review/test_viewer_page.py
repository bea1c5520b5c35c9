"""What the pair page tells the viewer: where like lies on like, and what differs."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from scanning.models import CandidatePair
from tests.conftest import MakePair, MakePicture

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]


def page(client: Client, pair: CandidatePair, language: str = "en") -> str:
    answer = client.get(
        reverse("review:pair", args=[pair.pk]), headers={"accept-language": language}
    )
    return answer.content.decode()


def compared(pair: CandidatePair, **comparison: Any) -> CandidatePair:
    pair.evidence = {"comparison": comparison}
    pair.save()
    return pair


def boxes(text: str) -> list[str]:
    return re.findall(r'data-pane="\w+" data-boxes="([^"]*)"', text)


@pytest.mark.parametrize("language", ["en", "zh-hant"])
def test_placement_and_boxes_are_plain_numbers(
    reviewer: User, client_as: ClientAs, make_pair: MakePair, language: str
) -> None:
    pair = compared(
        make_pair(),
        placement=[-1_000_000, 0, 1_000_000, 0, 1_002_500, -7],
        regions=[[100, 200, 50, 25], [0, 0, 1000, 1000]],
        other_regions=[[850, 200, 50, 25], [0, 0, 1000, 1000]],
    )

    text = page(client_as(reviewer), pair, language)

    placement = "-1.000000,0.000000,1.000000,0.000000,1.002500,-0.000007"
    assert f'data-placement="{placement}"' in text
    assert boxes(text) == ["100,200,50,25;0,0,1000,1000", "850,200,50,25;0,0,1000,1000"]
    assert 'data-view="align"' in text


def test_what_was_compared_long_ago_offers_no_align(
    reviewer: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    pair = compared(make_pair(), regions=[[100, 200, 50, 25]])

    text = page(client_as(reviewer), pair)

    assert "data-placement" not in text
    assert 'data-view="align"' not in text
    assert boxes(text) == ["100,200,50,25", ""]


def test_settings_are_kept_for_each_person(
    reviewer: User, auditor: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    pair = make_pair()

    assert f'data-person="{reviewer.pk}"' in page(client_as(reviewer), pair)
    assert f'data-person="{auditor.pk}"' in page(client_as(auditor), pair)


def test_advice_is_shown_with_the_facts(
    reviewer: User, client_as: ClientAs, make_picture: MakePicture, make_pair: MakePair
) -> None:
    make_picture("a", width=4000, height=3000)
    pair = make_pair("a", "b")
    side = "left" if pair.left.width == 4000 else "right"

    text = page(client_as(reviewer), pair)

    assert f"If they are duplicates, keep the {side} one: larger." in text
    assert text.count('<span class="badge badge--plain">larger</span>') == 1
