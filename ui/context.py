"""What every command works on: the settings, the domain card and what is opened from them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from ingest.domain import DomainCard, load_card
from ingest.paths import DomainPaths, domain_paths
from ingest.settings import Settings, load_settings


class AppContext:
    """Settings and card, read when first needed, so that `--help` works with neither."""

    def __init__(self) -> None:
        self._domain: Path | None = None

    def choose_domain(self, folder: Path) -> None:
        """Use another pack than the settings name; must come before anything is read."""
        self._domain = folder

    @cached_property
    def settings(self) -> Settings:
        """The settings; raises SettingsError."""
        return load_settings(domain=self._domain)

    @cached_property
    def card(self) -> DomainCard:
        """The domain card; raises CorpusError or DomainCardError."""
        return load_card(self.settings.domain)

    @property
    def paths(self) -> DomainPaths:
        """Where this domain's index and reports are kept."""
        return domain_paths(self.settings, self.card)
