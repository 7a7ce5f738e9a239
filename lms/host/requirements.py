"""Whether what a plugin's distribution asks for is here, read from its metadata; nothing of it is imported."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

import lms
from lms.host.discover import Found

CORE = "stoa"


@dataclass(frozen=True, slots=True)
class Unfit:
    """A requirement that is not met: ``wants`` as its author wrote it, ``has`` the version that is here, or ""."""

    what: str
    wants: str
    has: str


def unfit(found: Found) -> Unfit | None:
    """The first requirement of the plugin that is not met; None when it fits."""
    information = found.distribution_metadata
    python = information.metadata.json.get("requires_python")
    if python and not _allows(str(python), platform.python_version()):
        return Unfit("Python", str(python), platform.python_version())
    for line in information.requires or ():
        missing = _missing(line)
        if missing is not None:
            return missing
    return None


def _missing(line: str) -> Unfit | None:
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        # The installer judges metadata; what it let through is no reason to keep the plugin off.
        return None
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
        return None
    has = _version(requirement.name)
    if has and requirement.specifier.contains(has, prereleases=True):
        return None
    return Unfit(requirement.name, str(requirement.specifier), has)


def _version(name: str) -> str:
    if name.lower() == CORE:
        # The core in memory, not the one on disk.
        return lms.__version__
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _allows(specifier: str, version: str) -> bool:
    try:
        return SpecifierSet(specifier).contains(version, prereleases=True)
    except InvalidSpecifier:
        return True
