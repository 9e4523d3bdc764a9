"""Where a domain's files and reports are."""

from __future__ import annotations

from pathlib import Path

from ingest.paths import IDENTIFIER_CHARS, DatabaseSchema, DomainPaths, schema_name


def test_reports_are_in_a_file_unless_a_database_is_named() -> None:
    folder = Path("data/rivers")
    assert DomainPaths(folder).reports == folder / "reports.sqlite3"
    url = "postgresql://birch:s3cret@localhost/reports"
    paths = DomainPaths(folder, url)
    assert paths.reports == DatabaseSchema(url, "groundskeeper_rivers")
    assert "s3cret" not in repr(paths) + repr(paths.reports)


def test_no_two_domains_share_a_schema() -> None:
    domains = ["r" * 62 + last for last in "ab"]
    names = [schema_name(domain) for domain in domains]
    assert len(set(names)) == 2
    assert max(map(len, names)) <= IDENTIFIER_CHARS
