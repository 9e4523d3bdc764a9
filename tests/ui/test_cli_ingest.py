"""The operator's commands, in and out: what they print, where, and with which exit status."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdf
import pytest
from reportlab.pdfgen.canvas import Canvas

from tests.packs import CARD, TABLE, HashedEmbeddings, Pack, end_vector_servers
from ui.cli import run

HIT_KEYS = ["rank", "score", "chunk_id", "document", "page", "row", "text"]


@dataclass(frozen=True)
class Result:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        (line,) = self.out.splitlines()
        return json.loads(line)


Command = Callable[..., Result]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run `groundskeeper ARGUMENTS` on a pack, in this process."""

    def run_on(pack: Pack, *arguments: str) -> Result:
        monkeypatch.setenv("GROUNDSKEEPER_DOMAIN", str(pack.folder))
        monkeypatch.setenv("GROUNDSKEEPER_DATA_DIR", str(pack.settings.data_dir))
        capsys.readouterr()
        status = run(list(arguments))
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Result(status, out, err)

    return run_on


@pytest.fixture
def guides(tmp_path: Path) -> Iterator[Pack]:
    """A pack without a table, which any document may be put into."""
    pack = Pack.make(
        tmp_path,
        {
            "domain.toml": CARD.partition("[[tables]]")[0],
            "owls.md": "# Owls\n\nOwls hunt voles at dusk.\n",
        },
    )
    yield pack
    end_vector_servers(tmp_path)


def pdf(text: str, password: str = "") -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream)
    canvas.drawString(72, 700, text)
    canvas.save()
    if not password:
        return stream.getvalue()
    writer = pypdf.PdfWriter(stream)
    writer.encrypt(password, algorithm="RC4-128")
    locked = io.BytesIO()
    writer.write(locked)
    return locked.getvalue()


def assert_refused(result: Result, *words: str) -> None:
    """One line on stderr, nothing on stdout, exit 2."""
    assert result.status == 2 and result.out == ""
    assert result.err.count("\n") == 1, result.err
    for word in words:
        assert word in result.err


# --- reindex --------------------------------------------------------------------------------------


def test_reindex_prints_one_json_object(small_pack: Pack, command: Command) -> None:
    result = command(small_pack, "reindex", "--json")
    assert result.status == 0
    report = result.json
    assert len(report["added"]) == 4 and report["generation"] == 1 and report["failed"] == {}
    assert result.err.splitlines()[0].startswith("Reading documents: 4 of 4 ("), "plain lines"
    assert "\x1b" not in result.err

    again = command(small_pack, "reindex", "--json")
    assert again.status == 0 and again.json["unchanged"] == 4 and again.json["embedded"] == 0


def test_reindex_tells_people_on_stderr(small_pack: Pack, command: Command) -> None:
    result = command(small_pack, "reindex")
    assert result.status == 0 and result.out == ""
    last = result.err.splitlines()[-1]
    assert last.startswith("4 added, 0 changed, 0 removed, 0 unchanged, 0 failed: 16 passages (")


def test_a_folder_that_is_not_there(tmp_path: Path, command: Command) -> None:
    assert_refused(command(Pack.at(tmp_path), "reindex"), "There is no corpus folder", "--domain")


def test_a_folder_without_a_card(tmp_path: Path, command: Command) -> None:
    pack = Pack.at(tmp_path)
    pack.folder.mkdir()
    assert_refused(command(pack, "reindex"), "holds no domain.toml")


def test_a_folder_without_documents(guides: Pack, command: Command) -> None:
    (guides.folder / "owls.md").unlink()
    assert_refused(command(guides, "reindex"), "holds no documents", "Put PDF, HTML")


def test_a_domain_given_on_the_command_line(
    small_pack: Pack, command: Command, tmp_path: Path
) -> None:
    elsewhere = Pack.at(tmp_path / "nowhere")
    elsewhere = Pack(elsewhere.settings.model_copy(update={"data_dir": tmp_path / "data"}))
    result = command(elsewhere, "reindex", "--json", "--domain", str(small_pack.folder))
    assert result.status == 0 and len(result.json["added"]) == 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"%PDF-1.7\n" + bytes(range(256)) * 40, "rota.pdf"),
        (pdf("secret", password="hush"), "password"),
        (b"", "rota.pdf"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "PNG picture"),
    ],
    ids=["garbage", "encrypted", "empty", "picture"],
)
def test_a_document_that_cannot_be_read_is_named_and_the_rest_indexed(
    content: bytes, said: str, guides: Pack, command: Command
) -> None:
    guides.write("rota.pdf", content)
    result = command(guides, "reindex")
    assert result.status == 1
    failed = [line for line in result.err.splitlines() if line.startswith("  failed: ")]
    assert len(failed) == 1 and failed[0].startswith("  failed: rota.pdf: ") and said in failed[0]
    assert "1 added" in result.err

    again = command(guides, "reindex", "--json")
    assert again.status == 1 and list(again.json["failed"]) == ["rota.pdf"]
    assert again.json["generation"] == 1

    status = command(guides, "status", "--json")
    assert status.status == 1 and list(status.json["failed"]) == ["rota.pdf"]
    assert status.json["indexed"] == ["owls.md"]


def test_rows_that_are_broken_are_counted_out(small_pack: Pack, command: Command) -> None:
    broken = "13,Short,,F,1\n14,Long,,F,1,2,3,4\n15,Heavy,,F,much,2,3\n1,Again,,F,1,2,3\n"
    small_pack.write("birds.csv", TABLE + broken + 'x,"never closed,,F,1,2,3\n')
    result = command(small_pack, "reindex")
    assert result.status == 1
    warnings = [line for line in result.err.splitlines() if "warning" in line]
    assert [line.partition("birds.csv: ")[2].partition(":")[0] for line in warnings] == [
        f"row {n}" for n in (14, 15, 16, 17, 18)
    ]
    for words, line in zip(
        ("5 cells under 7", "8 cells under 7", "'much'", "id is the same", "unexpected end"),
        warnings,
        strict=True,
    ):
        assert words in line
    assert command(small_pack, "reindex").status == 0, "nothing new to say"
    assert "5 warnings: birds.csv" in command(small_pack, "status").out


def test_a_table_that_is_not_utf8(small_pack: Pack, command: Command) -> None:
    small_pack.write("birds.csv", TABLE.replace("Wren", "Gärtner").encode("latin-1"))
    assert command(small_pack, "reindex").status == 0
    assert "Gärtner" in command(small_pack, "search", "Gärtner").out
    assert command(small_pack, "domain", "check").status == 0


def test_a_card_with_mistakes_names_each_line(small_pack: Pack, command: Command) -> None:
    small_pack.edit("domain.toml", "overview_fields", "overview_feilds")
    small_pack.edit("domain.toml", 'synonyms = ["mass"]', 'synonims = ["mass"]')
    lines = (small_pack.folder / "domain.toml").read_text().splitlines()
    result = command(small_pack, "reindex")
    assert result.status == 2 and result.out == ""
    first, second = sorted(result.err.splitlines())
    for said, key, meant in (
        (first, "overview_feilds", "overview_fields"),
        (second, "synonims", "synonyms"),
    ):
        number = next(n for n, line in enumerate(lines, start=1) if line.startswith(key))
        assert said.startswith(f"{small_pack.folder / 'domain.toml'}:{number}: ")
        assert f"did you mean '{meant}'?" in said
    assert command(small_pack, "domain", "check").err == result.err


def test_names_and_contents_do_nothing_to_a_terminal(guides: Pack, command: Command) -> None:
    guides.write("evil\x1b[31m\nname.md", "# Evil\n\nA \x1b]0;title\x07 text about voles.\n")
    guides.write("evil\x1b[2J.pdf", b"%PDF-1.7\n")
    path = os.fsencode(guides.folder) + b"/caf\xe9.pdf"
    Path(os.fsdecode(path)).write_bytes(b"%PDF-1.7\n")
    outputs = [
        command(guides, *arguments)
        for arguments in (
            ("reindex",),
            ("reindex", "--json"),
            ("status",),
            ("status", "--json"),
            ("search", "voles"),
            ("search", "voles", "--json"),
        )
    ]
    for result in outputs:
        assert all(c.isprintable() or c in "\n\t" for c in result.out + result.err)
        assert (result.out + result.err).encode()
    assert r"failed: evil\x1b[2J.pdf: " in outputs[0].err
    assert r"evil\x1b[31m\nname.md" in [hit["document"] for hit in outputs[5].json["hits"]]


# --- search ---------------------------------------------------------------------------------------


def test_search_prints_the_contract(indexed_pack: Pack, command: Command) -> None:
    result = command(indexed_pack, "search", "how heavy is a magpie", "-k", "3", "--json")
    assert result.status == 0
    assert list(result.json) == ["query", "hits"]
    hits = result.json["hits"]
    assert [hit["rank"] for hit in hits] == [1, 2, 3]
    assert all(list(hit) == HIT_KEYS for hit in hits)
    assert hits[0]["document"] == "birds.csv" and hits[0]["row"] == 12
    assert hits[0]["text"].startswith("Magpie") and hits[0]["page"] is None
    scores = [hit["score"] for hit in hits]
    assert scores == sorted(scores, reverse=True) and 0 <= scores[-1] <= scores[0] <= 1


def test_search_for_people(indexed_pack: Pack, command: Command) -> None:
    result = command(indexed_pack, "search", "when to clean a nest box", "-k", "2")
    assert result.status == 0
    assert result.out.splitlines()[0].startswith("  1. ")
    assert "guides/nest-boxes.html" in result.out.splitlines()[0]


@pytest.mark.parametrize(
    "query", ['"', "a AND (b", "x'; DROP TABLE chunks; --", "\x00", "🐦", "the"]
)
def test_a_query_is_only_a_query(query: str, indexed_pack: Pack, command: Command) -> None:
    result = command(indexed_pack, "search", query, "--json")
    assert result.status == 0 and result.json["query"] == query
    assert result.json["hits"]


def test_search_without_a_query(indexed_pack: Pack, command: Command) -> None:
    assert_refused(command(indexed_pack, "search", "  "), "There is no question.", "--batch")


def test_search_in_batches(indexed_pack: Pack, command: Command, tmp_path: Path) -> None:
    batch = tmp_path / "queries.jsonl"
    batch.write_text('{"id": "a", "question": "magpie"}\n\n{"question": "clean a nest box"}\n')
    result = command(indexed_pack, "search", "--batch", str(batch), "-k", "1", "--json")
    first, second = map(json.loads, result.out.splitlines())
    assert result.status == 0
    assert list(first) == ["id", "query", "hits"] and first["id"] == "a"
    assert second["id"] == "3" and second["hits"][0]["document"] == "guides/nest-boxes.html"


def test_a_broken_line_in_a_batch_stops_it_before_it_begins(
    indexed_pack: Pack, command: Command, tmp_path: Path
) -> None:
    batch = tmp_path / "queries.jsonl"
    for broken in ("{not json", '["a list"]', '{"text": "no question"}', "7"):
        batch.write_text(f'{{"question": "magpie"}}\n{broken}\n{{"question": "wren"}}\n')
        result = command(indexed_pack, "search", "--batch", str(batch))
        assert_refused(result, f"{batch}:2: not an object with a")
    assert_refused(command(indexed_pack, "search", "--batch", str(tmp_path)), "cannot be read")


def test_search_before_there_is_an_index(small_pack: Pack, command: Command) -> None:
    for arguments in (("search", "robin"), ("status",), ("status", "--json")):
        result = command(small_pack, *arguments)
        assert_refused(result, "Garden birds has not been indexed yet.", "groundskeeper reindex")


def test_an_index_of_another_model(
    small_pack: Pack, hashed: HashedEmbeddings, command: Command
) -> None:
    small_pack.reindex(hashed)
    for arguments in (("search", "robin"), ("status",)):
        assert_refused(command(small_pack, *arguments), "hashed-a", "reindex", "settings name")
    assert command(small_pack, "reindex", "--json").json["embedded"] > 0
    assert command(small_pack, "status").status == 0


def test_an_index_that_is_damaged(
    small_pack: Pack, hashed: HashedEmbeddings, command: Command
) -> None:
    small_pack.reindex(hashed)
    small_pack.paths.database.write_bytes(b"no database" * 1000)
    for arguments in (("search", "robin"), ("status",), ("reindex",)):
        assert_refused(command(small_pack, *arguments), "reindex --rebuild")
    assert command(small_pack, "reindex", "--rebuild").status == 0
    assert command(small_pack, "search", "robin", "--json").json["hits"]


@pytest.mark.parametrize(
    ("place", "reason"), [("data", "Not a directory"), ("data/garden-birds", "File exists")]
)
def test_a_data_folder_that_cannot_be_written(
    place: str, reason: str, small_pack: Pack, command: Command, tmp_path: Path
) -> None:
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("a file in the way")
    assert_refused(command(small_pack, "reindex"), "cannot be written", reason)


# --- status, domain check, doctor -----------------------------------------------------------------


def test_status_as_json(indexed_pack: Pack, command: Command) -> None:
    result = command(indexed_pack, "status", "--json")
    assert result.status == 0
    found = result.json
    assert (found["domain"], found["generation"]) == ("garden-birds", 1)
    assert (found["documents"], found["chunks"]) == (4, 16)
    assert found["failed"] == found["stale"] == found["warnings"] == {}
    assert found["embedding_digest"].startswith("sha256:")


def test_status_shows_what_is_stale(small_pack: Pack, command: Command) -> None:
    command(small_pack, "reindex")
    small_pack.write("guides/feeding.md", b"%PDF-1.7\n")
    assert command(small_pack, "reindex").status == 1
    result = command(small_pack, "status")
    assert result.status == 1
    assert "  stale: guides/feeding.md: feeding.md " in result.out


def test_domain_check(small_pack: Pack, command: Command) -> None:
    result = command(small_pack, "domain", "check")
    assert result.status == 0 and "The pack is well-formed." in result.out
    assert "birds.csv: 12 birds, 4 fields" in result.out
    small_pack.write("birds.csv", TABLE + "13,Short,,F,1\n")
    broken = command(small_pack, "domain", "check", str(small_pack.folder))
    assert broken.status == 1
    assert broken.err == f"{small_pack.folder / 'birds.csv'}: row 14: 5 cells under 7 columns\n"


def test_domain_check_of_a_table_that_does_not_match(small_pack: Pack, command: Command) -> None:
    small_pack.write("birds.csv", TABLE.replace("wingspan", "span", 1))
    assert_refused(
        command(small_pack, "domain", "check"), "no column 'wingspan'", "Its columns are: id, name"
    )


def test_doctor_of_a_healthy_pack(indexed_pack: Pack, command: Command) -> None:
    result = command(indexed_pack, "doctor", "--json")
    assert result.status == 0 and result.json["healthy"] is True
    checks = {check["check"]: check for check in result.json["checks"]}
    assert checks["Index"]["detail"] == "generation 1, 4 documents, 16 passages"
    assert all(check["ok"] for check in checks.values())


def test_doctor_of_an_ill_pack(small_pack: Pack, command: Command) -> None:
    result = command(small_pack, "doctor")
    assert result.status == 1
    assert "FAIL  Index: Garden birds has not been indexed yet." in result.out
    small_pack.edit("domain.toml", "[scope]", "[scoop]")
    ill = command(small_pack, "doctor")
    assert ill.status == 1 and "FAIL  Domain pack: " in ill.out and "ok    Python" in ill.out


@pytest.mark.parametrize(
    "arguments",
    [("reindex", "--nonsense"), ("search", "x", "-k", "0"), ("search", "x", "-k", "many")],
)
def test_wrong_usage_is_exit_2(
    arguments: tuple[str, ...], small_pack: Pack, command: Command
) -> None:
    result = command(small_pack, *arguments)
    assert result.status == 2 and result.out == "" and "Usage:" in result.err
