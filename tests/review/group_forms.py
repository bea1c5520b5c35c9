"""The form of the group page, as a browser would read and send it."""

import re

from django.test import Client
from django.urls import reverse

from review.models import Group


def url(group: Group) -> str:
    return reverse("review:group", args=[group.pk])


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def hidden(text: str, name: str) -> str:
    found = re.search(f'name="{name}" value="([^"]*)"', text)
    assert found
    return found[1]


def form_of(text: str, **answer: object) -> dict[str, object]:
    """What the page would send."""
    return {"seen": hidden(text, "seen"), "nonce": hidden(text, "nonce"), **answer}
