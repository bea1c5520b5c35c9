"""PDF files that tests write by hand: a few objects and a table of where they are."""

A4 = "0 0 595 842"
SQUARE = b"0 0 1 rg 100 200 300 400 re f"  # blue, 300 x 400 points from (100, 200)


def pdf(
    *pages: bytes,
    box: str = A4,
    more: tuple[bytes, ...] = (),
    extra: str = "",
    root: str = "",
) -> bytes:
    """A PDF of pages with these drawing operators.

    more: further objects; the first has the number 3 + 2 * len(pages). extra: entries of each
    page. root: entries of the catalogue.
    """
    count = len(pages)
    kids = " ".join(f"{3 + number} 0 R" for number in range(count))
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {root} >>".encode(),
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode(),
        *(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] /Contents {3 + count + number} 0 R "
            f"{extra} >>".encode()
            for number in range(count)
        ),
        *(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(page), page) for page in pages),
        *more,
    ]
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(out) + (
        b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(objects) + 1, table)
        + b"trailer << /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
        + b"startxref\n%d\n%%%%EOF\n" % len(out)
    )
