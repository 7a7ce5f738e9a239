"""Where a template comes from: which layers were asked, which one serves it, and what that one stands on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lms.themes import hierarchy
from lms.themes.layers import ChainLoader, extends_of
from lms.themes.manifest import KINDS_OF


@dataclass(frozen=True, slots=True)
class Step:
    """A template on the way. ``said``: how the one before names it; ``asked``: the layers, and whether they have it.

    ``layer`` and ``file`` are None where no layer has it.
    """

    template: str
    said: str
    asked: tuple[tuple[str, bool], ...]
    layer: str | None
    file: Path | None


def explain(loader: ChainLoader, template: str) -> list[Step]:
    """The way from the template down to the frame that it stands in; one step, without a file, for an unknown one.

    For ``page/about.html`` (course, lesson) that no layer has, the way begins at what is drawn instead.
    """
    steps: list[Step] = []
    for name in _instead(template):
        steps.append(_step(loader, name, name))
        if steps[-1].file is not None:
            break
    while (file := steps[-1].file) is not None:
        said = extends_of(file.read_text(encoding="utf-8", errors="replace"))
        if said is None or len(steps) > 20:
            break
        steps.append(_step(loader, loader.join(said, _address(loader, steps[-1])), said))
    return steps


def _instead(template: str) -> tuple[str, ...]:
    of, slash, rest = template.partition("/")
    if slash and of in KINDS_OF and rest.endswith(".html"):
        return hierarchy.candidates(of, slug=rest.removesuffix(".html"))
    return (template,)


def _address(loader: ChainLoader, step: Step) -> str:
    index = next(i for i, one in enumerate(loader.layers) if one.label == step.layer)
    return f"@{index}:{step.template}"


def _step(loader: ChainLoader, name: str, said: str) -> Step:
    start, plain = (int(name[1:].partition(":")[0]), name.partition(":")[2]) if name.startswith("@") else (0, name)
    asked: list[tuple[str, bool]] = []
    for one in loader.layers[start:]:
        file = one.file(plain)
        asked.append((one.label, file is not None))
        if file is not None:
            return Step(plain, said, tuple(asked), one.label, file)
    return Step(plain, said, tuple(asked), None, None)
