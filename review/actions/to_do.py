"""The to-do list of a plan as a table: what an owner of the files does with which of them."""

from collections.abc import Iterator

from review.actions.certificates import contents
from review.models import Certificate

COLUMNS = (
    *("number", "file", "bytes", "sha256", "action"),
    *("keep", "keep_sha256", "decision", "certificate_sha256"),
)


def rows(certificate: Certificate) -> Iterator[tuple[str | int | None, ...]]:
    """A line for each file, from the certificate's own bytes, in its order.

    Whoever acts on it compares both digests first: `sha256sum FILE`.
    """
    said = contents(certificate)
    for item in said["items"]:
        file, keeper = item["file"], item["keeper"]
        yield (
            *(f"{said['plan']['id']}/{item['item']}", file["path"], file["size"], file["sha256"]),
            said["plan"]["action"],
            *(keeper["path"], keeper["sha256"], item["decision"], certificate.sha256),
        )
