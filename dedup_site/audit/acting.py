"""Acting as another role of the database for a while: as its owner, or as the sequencer.

A process has one role, that of DATABASE_URL, and is given the addresses of others only where it
needs them. Where there is one role for everything, nothing changes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

# What makes a login; the database's name stays that of the connection.
LOGIN = ("USER", "PASSWORD", "HOST", "PORT")


@contextmanager
def acting_as(role: Literal["owner", "sequencer"]) -> Iterator[None]:
    """This thread's queries in the block run as that role, on a connection of their own.

    Raises RuntimeError inside a transaction, which cannot change hands.
    """
    login = settings.DATABASE_LOGINS[role]
    before = connections[DEFAULT_DB_ALIAS]
    if all(before.settings_dict[name] == login[name] for name in LOGIN):
        yield
        return
    if before.in_atomic_block:
        raise RuntimeError("A transaction cannot change hands between roles of the database.")
    ours = before.copy()
    ours.settings_dict.update({name: login[name] for name in LOGIN})
    connections[DEFAULT_DB_ALIAS] = ours
    try:
        yield
    finally:
        ours.close()
        connections[DEFAULT_DB_ALIAS] = before
