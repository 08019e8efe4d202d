"""Gives hatchling the dependencies of requirements/base.in, so that they stand in one place."""

from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

BUILD_ONLY = ("editables", "hatchling")


class CustomMetadataHook(MetadataHookInterface):
    """Reads one requirement a line; comments and build tools are left out."""

    def update(self, metadata: dict) -> None:
        lines = (Path(self.root) / "requirements" / "base.in").read_text().splitlines()
        wanted = (line.split("#")[0].strip() for line in lines)
        metadata["dependencies"] = [line for line in wanted if line and line not in BUILD_ONLY]
