"""The picture on the home page of the sample site, drawn here: a sealed letter in the evening light of a porch.

Flat shapes from the painted covers' pigments, the long soft shadows of columns across them, a little grain. The same
bytes on every run of one Pillow, so that two sample sites are equal.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageChops, ImageDraw, ImageFilter

ALT = "A letter in a cream envelope, closed with a red seal, on an ochre table; the shadows of columns fall across it."
NAME = "sealed-letter.webp"

Point = tuple[float, float]

_SIZE = (1600, 1067)
# Drawn twice as large and made smaller: smooth edges. Shapes are written on a sheet of 1200 by 800.
_DRAWN = (2 * _SIZE[0], 2 * _SIZE[1])
_SCALE = _DRAWN[0] / 1200

_OCHRE_LIT, _OCHRE, _CLAY, _CLAY_DARK = "#e3b254", "#d29a38", "#b5523a", "#97402b"
_PAPER, _PAPER_LIT, _PAPER_SHADE, _FOLD = "#f7f1e3", "#fdf9ee", "#f0e8d6", "#a49c8c"
_SOOT, _SHADOW = "#24211d", "#4f3812"

_CORNERS: tuple[Point, ...] = ((98, 240), (1090, 117), (1188, 800), (168, 800))
_FLAP_TIP: Point = (652, 556)
_SEAL: Point = (637, 532)
_TILT = math.radians(-7)


def draw() -> bytes:
    """The picture as WebP, 1600 by 1067 pixels. A fraction of a second of work."""
    sheet = _table()
    _shade(sheet, [[(x + 30, y + 30) for x, y in _CORNERS]], strength=0.42, softness=16)
    _envelope(sheet)
    _shade(sheet, [[(x + 8, y + 10) for x, y in _wax(90)]], strength=0.4, softness=6)
    _seal(sheet)
    _shade(sheet, _columns(), strength=0.18, softness=7)
    picture = _grained(sheet.resize(_SIZE, Image.Resampling.BOX))
    written = BytesIO()
    picture.save(written, "WEBP", quality=92)
    return written.getvalue()


def _table() -> Image.Image:
    """Ochre, lit from the upper left."""
    light = Image.radial_gradient("L").crop((128, 128, 256, 256)).resize(_DRAWN, Image.Resampling.BICUBIC)
    return Image.composite(Image.new("RGB", _DRAWN, _OCHRE), Image.new("RGB", _DRAWN, _OCHRE_LIT), light)


def _envelope(sheet: Image.Image) -> None:
    pen = ImageDraw.Draw(sheet)
    upper_left, upper_right, lower_right, lower_left = _CORNERS
    middle = (640, 500)
    pen.polygon(_sheet([upper_left, upper_right, lower_right, lower_left]), fill=_PAPER)
    left_fold, right_fold = (278, 800), (1195, 800)
    pen.polygon(_sheet([upper_left, middle, left_fold, lower_left]), fill=_PAPER_SHADE)
    _line(pen, [left_fold, middle], width=4, ink=_FOLD)
    _line(pen, [right_fold, middle], width=4, ink=_FOLD)
    flap = [upper_left, _FLAP_TIP, upper_right]
    _shade(sheet, [[(x + 4, y + 14) for x, y in flap]], strength=0.2, softness=5, inside=_CORNERS)
    pen.polygon(_sheet(flap), fill=_PAPER_LIT)
    _line(pen, flap, width=5, ink=_SOOT)


def _seal(sheet: Image.Image) -> None:
    pen = ImageDraw.Draw(sheet)
    pen.polygon(_sheet(_wax(90)), fill=_CLAY)
    pen.ellipse(_sheet([(_SEAL[0] - 71, _SEAL[1] - 71), (_SEAL[0] + 71, _SEAL[1] + 71)]), fill=_CLAY_DARK)
    pen.ellipse(_sheet([(_SEAL[0] - 68, _SEAL[1] - 67), (_SEAL[0] + 71, _SEAL[1] + 72)]), fill=_CLAY)
    for left, top, width, height in _porch():
        corners = [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
        pen.polygon(_sheet([_turned(corner) for corner in corners]), fill=_PAPER)


def _porch() -> list[tuple[float, float, float, float]]:
    """The mark of the site, around the middle of the seal: beam, four columns, step."""
    columns = [(left, -17.0, 13.0, 34.0) for left in (-36.0, -16.5, 3.5, 23.0)]
    return [(-45.0, -36.0, 90.0, 12.0), *columns, (-45.0, 24.0, 90.0, 12.0)]


def _wax(radius: float) -> list[Point]:
    """The rim of poured wax: nearly a circle."""
    turns = [step * math.tau / 180 for step in range(180)]
    rims = [radius + 3.2 * math.sin(3 * turn + 0.6) + 2.2 * math.sin(5 * turn + 2.1) for turn in turns]
    return [
        (_SEAL[0] + rim * math.cos(turn), _SEAL[1] + rim * math.sin(turn))
        for turn, rim in zip(turns, rims, strict=True)
    ]


def _columns() -> list[list[Point]]:
    """Shadows of columns that stand behind who looks; the sun is low, so they are long."""
    starts = (-330, 60, 450, 840, 1230)
    return [[(x, -20), (x + 118, -20), (x - 222, 820), (x - 340, 820)] for x in starts]


def _shade(
    sheet: Image.Image,
    shapes: Sequence[Sequence[Point]],
    *,
    strength: float,
    softness: float,
    inside: Sequence[Point] = (),
) -> None:
    """Darken the shapes, with an edge ``softness`` wide. Done small: nobody sees it in what is soft."""
    small = (_DRAWN[0] // 8, _DRAWN[1] // 8)
    mask = Image.new("L", small, 0)
    for shape in shapes:
        ImageDraw.Draw(mask).polygon([(x * _SCALE / 8, y * _SCALE / 8) for x, y in shape], fill=round(255 * strength))
    mask = mask.filter(ImageFilter.GaussianBlur(softness * _SCALE / 8)).resize(_DRAWN, Image.Resampling.BICUBIC)
    if inside:
        within = Image.new("L", _DRAWN, 0)
        ImageDraw.Draw(within).polygon(_sheet(inside), fill=255)
        mask = ImageChops.multiply(mask, within)
    sheet.paste(Image.new("RGB", _DRAWN, _SHADOW), mask=mask)


def _grained(picture: Image.Image) -> Image.Image:
    side = 256
    noise = Image.frombytes("L", (side, side), random.Random(1900).randbytes(side * side))
    grain = Image.new("L", picture.size)
    for left in range(0, picture.width, side):
        for top in range(0, picture.height, side):
            grain.paste(noise, (left, top))
    return Image.blend(picture, ImageChops.soft_light(picture, grain.convert("RGB")), 0.09)


def _turned(point: Point) -> Point:
    x, y = point
    cosine, sine = math.cos(_TILT), math.sin(_TILT)
    return (_SEAL[0] + x * cosine - y * sine, _SEAL[1] + x * sine + y * cosine)


def _sheet(points: Sequence[Point]) -> list[Point]:
    return [(x * _SCALE, y * _SCALE) for x, y in points]


def _line(pen: ImageDraw.ImageDraw, points: Sequence[Point], *, width: float, ink: str) -> None:
    pen.line(_sheet(points), fill=ink, width=round(width * _SCALE), joint="curve")
