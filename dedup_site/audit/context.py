"""Which request or task the current code serves, so that its audit events can be told together."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_request_id: ContextVar[uuid.UUID | None] = ContextVar("request_id", default=None)


def current_request_id() -> uuid.UUID | None:
    """The id of the request or task in hand, or None outside of one."""
    return _request_id.get()


@contextmanager
def request_scope(request_id: uuid.UUID) -> Iterator[None]:
    """Everything recorded inside belongs to `request_id`."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)
