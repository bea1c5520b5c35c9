"""Scratch; removed soon."""
import uuid
import pytest
from django.urls import reverse
from review.models import *
from review.services import decisions, group_decisions, holds as hs
from review.services.group_decisions import GroupAnswer
from tests.conftest import make_user
from tests.review.conftest import all_duplicates
from tests.review.records import *
from dedup_site.accounts.roles import Role
from dedup_site.audit.models import AuditEvent
from scanning.models import *
pytestmark = pytest.mark.django_db
BIG = "9" * 5000

def test_group_picture_big(client_as, reviewer, make_group):
    g = make_group()
    a = client_as(reviewer).post(reverse("review:group_judge", args=[g.pk]), {"picture": BIG})
    assert a.status_code == 400

@pytest.mark.parametrize("big", [BIG, "9"*30])
def test_decide_matter_big(client_as, reviewer, make_pair, big):
    p = make_pair()
    a = client_as(reviewer).post(reverse("review:decide", args=[p.pk]), {"matter": big})
    assert a.status_code == 400

@pytest.mark.parametrize("big", [BIG, "9"*30])
@pytest.mark.parametrize("where", ["history?before=", "next?without=", "pair?right=", "groups?after=", "groups2", "queue?after=", "queue?library=","groups?library="])
def test_get_big(client_as, reviewer, make_pair, make_group, where, big):
    p = make_pair("x", "y")
    make_group()
    c = client_as(reviewer)
    if where == "groups2":
        where, big = "groups?after=", "99999999999.1"
    name, q = where.split("?")
    url = reverse("review:" + name, args=[p.pk] if name == "pair" else [])
    a = c.get(url + "?" + q + big)
    assert a.status_code < 500

def test_export_body(client_as, auditor):
    for v in ("Chan Tai Man HKID", "\0"):
        a = client_as(auditor).post(reverse("review:holds_export"), {"state": v, "matter": v})
        b"".join(a.streaming_content)
    assert not [e.body for e in AuditEvent.objects.filter(action="export.holds") if "Chan" in e.body]

def test_overwrite(officer, matter, library):
    f, g = make_file(library, "held.jpg", b"x"*32), make_file(library, "copy.jpg", b"x"*32)
    make_hold(officer, matter, source_file=f)
    assert file_is("review_file_is_held", g)
    SourceFile.objects.filter(pk=f.pk).update(sha256=b"y"*32)
    assert file_is("review_file_is_held", g)

def test_undo_unspreads(officer, reviewer, matter, make_pair, judge):
    p = make_pair()
    d = judge(reviewer, p)
    make_hold(officer, matter, picture=p.left)
    b = SourceFile.objects.get(sha256=p.right.sha256)
    assert file_is("review_file_is_held", b)
    decisions.undo(actor=reviewer, decision=d)
    assert file_is("review_file_is_held", b)

def test_change_unspreads(officer, reviewer, second_reviewer, matter, make_pair, judge):
    p = make_pair()
    d = judge(reviewer, p)
    make_hold(officer, matter, picture=p.left)
    b = SourceFile.objects.get(sha256=p.right.sha256)
    decisions.decide(actor=second_reviewer, pair=p, verdict="not_duplicate", reason="other_record", supersedes=d.pk)
    assert file_is("review_file_is_held", b)

def test_unread_blocked(library):
    make_rule("r", "c", period="P0D", source="file_date")
    make_scheme(library, record_class="c")
    f = make_file(library, "a.jpg")
    assert file_is("review_file_is_blocked", f)

def test_number_class(library):
    make_rule("r", "c", period="P0D", source="file_date")
    make_scheme(library, class_attribute="t", class_values={"5": "c"})
    f = make_file(library, "a.jpg", b"x"*32, attributes={"t": 5})
    assert file_is("review_file_is_blocked", f)

def test_nonce(reviewer, second_reviewer, make_group):
    g, n = make_group(), uuid.uuid4()
    group_decisions.judge(actor=reviewer, group=g, answer=all_duplicates(g, nonce=n))
    h = make_group("d", "e", "f")
    with pytest.raises(Exception) as e:
        group_decisions.judge(actor=second_reviewer, group=h, answer=all_duplicates(h, nonce=n))
    assert "Integrity" not in e.type.__name__, e.type

def test_garbage_outside(settings):
    from dedup_site.audit import outside, sequencer
    outside.path().parent.mkdir(parents=True, exist_ok=True)
    outside.path().write_text("rubbish")
    out = sequencer.sequence()
    assert out.refused

def test_personal_invisible_hold(officer, matter, library, make_pair):
    from review.records.personal_data import customers
    other = Library.objects.create(name="Secret", kind="mounted", root="/nowhere")
    make_scheme(library, customer_attribute="c", record_class="x")
    make_rule("r", "x", period="P0D", source="file_date")
    f = make_file(library, "a.jpg", b"x"*32, attributes={"c": "Wong"})
    make_file(other, "b.jpg", b"x"*32)
    make_hold(officer, matter, library=other)
    assert customers([library], limit=5, offset=0)[0].overdue_held == 0

def test_rule_named_new(client_as, admin):
    RetentionRule.objects.create(code="new")
    print(reverse("review:rule", args=["new"]), reverse("review:rule_new"))
