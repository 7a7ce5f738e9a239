"""Pictures, videos, and what other sites show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import ValidationError

from lms.content import embeds
from lms.content.document import CORE
from lms.extend import Block, BlockForm, Group, RenderContext
from lms.extend.fields import Choice, Media, PlainText
from lms.media import services as media

Props = Sequence[Mapping[str, Any]]


def _key(props: Mapping[str, Any], name: str) -> str:
    return str((props.get(name) or {}).get("key") or "")


def _files(props_of_all: Props, *names: str) -> list[dict[str, Any]]:
    """For each block the files of these properties, None where one is gone. One query, none where nothing is chosen."""
    keys = sorted({_key(props, name) for props in props_of_all for name in names} - {""})
    found = media.views(keys) if keys else {}
    return [{name: found.get(_key(props, name)) for name in names} for props in props_of_all]


def load_pictures(props_of_all: Props, _ctx: RenderContext) -> list[Any]:
    """The media of all pictures of a page; None where it is gone."""
    return [files["media"] for files in _files(props_of_all, "media")]


def load_portraits(props_of_all: Props, _ctx: RenderContext) -> list[Any]:
    """The portraits of all quotations of a page; None where there is none."""
    return [files["picture"] for files in _files(props_of_all, "picture")]


def load_backgrounds(props_of_all: Props, _ctx: RenderContext) -> list[Any]:
    """The pictures behind all sections of a page; None where another ground is chosen."""
    wanted = [props if props.get("ground") == "picture" else {} for props in props_of_all]
    return [files["picture"] for files in _files(wanted, "picture")]


def load_videos(props_of_all: Props, ctx: RenderContext) -> list[Any]:
    """The files of all videos of a page; None, and so nothing in the page, where the video is gone."""
    found = _files(props_of_all, "video", "poster", "captions")
    return [files if ctx.editing or _is(files["video"], "video/") else None for files in found]


def _is(file: Any, kind: str) -> bool:
    return file is not None and str(file.type).startswith(kind)


def load_embeds(props_of_all: Props, ctx: RenderContext) -> list[Any]:
    """Where each address is shown; None, and so nothing in the page, for one that cannot be."""
    return [embeds.frame(str(props.get("address") or "")) for props in props_of_all]


class ImageForm(BlockForm):
    """A picture of the media library."""

    media = Media(_l("Picture"))
    drawn = Choice(
        _l("Without one"),
        [
            ("", _l("Nothing")),
            ("letter", _l("Drawn: a letter")),
            ("porch", _l("Drawn: a porch")),
            ("table", _l("Drawn: a table")),
            ("mountain", _l("Drawn: a mountain")),
            ("wave", _l("Drawn: a wave")),
            ("book", _l("Drawn: a book")),
        ],
    )
    caption = PlainText(_l("Caption"), max_length=300, inline=True)
    shape = Choice(_l("Shape"), [("whole", _l("Whole picture")), ("cover", _l("Cut to 3:2"))])

    class Meta:
        groups = (Group("Main Options", "media", "caption", "drawn"), Group("Appearance", "shape"))


class VideoForm(BlockForm):
    """A video of the media library."""

    video = Media(_l("Video"), kind="video")
    captions = Media(_l("Captions"), kind="captions")
    poster = Media(_l("Picture before it plays"))
    caption = PlainText(_l("Words below"), max_length=300, inline=True)

    class Meta:
        groups = (Group("Main Options", "video", "captions", "caption"), Group("Appearance", "poster"))


class EmbedForm(BlockForm):
    """The address of a video or another piece of a site that is on the list."""

    address = PlainText(
        _l("Address"), max_length=500, description=_l("As it stands in the browser: https://www.youtube.com/watch?v=…")
    )
    title = PlainText(_l("What it shows"), default=_l("A video"), max_length=200, inline=True)

    def validate_address(self, field: PlainText) -> None:
        """Refuses what is on no list, with the list."""
        if field.data and embeds.frame(field.data) is None:
            names = ", ".join(one.label for one in embeds.PROVIDERS)
            raise ValidationError(_("Only these can be shown inside a page: %(names)s. Link to others.", names=names))


image = Block(
    name="image", plugin=CORE, label=_l("Picture"), icon="photo", category="content", order=30,
    description=_l("A picture of the media library, with words for those who cannot see it."),
    form=ImageForm, template="core/blocks/image.html", load=load_pictures, example={"drawn": "letter"},
)  # fmt: skip
video = Block(
    name="video", plugin=CORE, label=_l("Video"), icon="film", category="content", order=32,
    description=_l("A video of the media library, with captions. Nothing is loaded before it is played."),
    form=VideoForm, template="core/blocks/video.html", load=load_videos,
)  # fmt: skip
embed = Block(
    name="embed", plugin=CORE, label=_l("From another site"), icon="play-circle", category="content", order=34,
    description=_l("A video of YouTube, Vimeo or Loom. Nothing is loaded from there before the visitor agrees."),
    form=EmbedForm, template="core/blocks/embed.html", load=load_embeds,
    example={"address": "https://www.youtube.com/watch?v=aqz-KE-bpKQ", "title": "Big Buck Bunny, ten minutes"},
)  # fmt: skip

ALL = (image, video, embed)
