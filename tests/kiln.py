"""A plugin of the tests: one block that has every field that is more than a line of words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wtforms.validators import DataRequired, Regexp

from lms.extend import Block, BlockForm, Group, Plugin, fields

GLAZES = {"g1": "Celadon", "g2": "Shino", "g3": "Tenmoku"}
CITIES = {"": [], "gr": [("ath", "Athens"), ("vol", "Volos")], "es": [("sev", "Seville")]}


def search_glazes(words: str) -> list[tuple[str, str]]:
    """Those whose name has the words."""
    return [(key, name) for key, name in GLAZES.items() if words.lower() in name.lower()]


class StepForm(BlockForm):
    """One step of a firing."""

    title = fields.PlainText("Title", default="A step", max_length=20, inline=True)
    degrees = fields.Number("Degrees", default=900)
    colour = fields.Colour("Colour of the step")
    glaze = fields.Search("Glaze of the step", search=search_glazes, find=GLAZES.get)
    page = fields.PageRef("Page of the step")
    link = fields.Link("Link of the step", hides_block=True)
    picture = fields.Media("Picture of the step")


class RuleForm(BlockForm):
    """What to keep to."""

    words = fields.PlainText(
        "Words",
        validators=[DataRequired(), Regexp("[a-z ]+$", message="Small letters only.")],
        default="be quiet",
    )


class FiringForm(BlockForm):
    """All about a firing."""

    title = fields.PlainText("Title", default="A firing", inline=True)
    colour = fields.Colour("Colour", ("clay", "ochre", "accent"))
    page = fields.PageRef("Page", description="Where it is told.")
    course = fields.CourseRef("Course", none="No course")
    product = fields.ProductRef("Product")
    glaze = fields.Search("Glaze", search=search_glazes, find=GLAZES.get)
    word = fields.Search("Word", search=lambda words: [(words, words.upper())] if words else [])
    country = fields.Choice("Country", [("", "Choose one"), ("gr", "Greece"), ("es", "Spain")], refresh=True)
    city = fields.Choice("City", [("", "Anywhere")])
    steps = fields.Items("Steps", form=StepForm, item="Step", most=4, default=({"title": "Warm up"}, {"title": "Cool"}))
    rules = fields.Items("Rules", form=RuleForm, least=1, most=2, default=({},))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.city.choices = [*self.city.choices, *CITIES.get(self.country.data or "", [])]

    class Meta:
        groups = (
            Group("Main", "title", "colour", "page", "course", "product", "glaze", "word"),
            Group("Place", "country", "city"),
            Group("Lists", "steps", "rules"),
        )


TEMPLATE = """<div {{ root }} data-colour="{{ p.colour }}"><h3 {{ inline("title") }}>{{ p.title }}</h3>
<svg width="40" height="8" aria-hidden="true"><rect width="40" height="8" fill="var(--{{ p.colour }})"/></svg>
{% for name in ("page", "course", "product") %}{% set thing = ref(name) %}{% if thing %}
<p><a href="{{ thing.href }}">{{ thing.title }}</a></p>{% endif %}{% endfor %}
<p>{{ p.glaze }} {{ p.word }} {{ p.country }} {{ p.city }}</p>
<ol>{% for each in p.steps %}{% set at = "steps." ~ each.id ~ "." %}<li data-colour="{{ each.colour }}">
<b {{ inline(at ~ "title") }}>{{ each.title }}</b> {{ each.degrees }} {{ each.glaze }}
{% set thing = ref(at ~ "page") %}{% if thing %}<i>{{ thing.href }}</i>{% endif %}
{% set link = link_attrs(at ~ "link") %}{% if link %}<a {{ link }}>more</a>{% endif %}</li>{% endfor %}</ol>
{% for each in p.rules %}<em>{{ each.words }}</em>{% endfor %}</div>"""


class Kiln(Plugin):
    """Kiln

    Firings.
    """

    name = "kiln"

    def blocks(self) -> tuple[Block, ...]:
        return (
            Block(name="firing", label="Firing", form=FiringForm, template="kiln/firing.html", description="A firing."),
        )


def write_template(folder: Path) -> None:
    """Into the instance of a site that is about to be built."""
    (folder / "templates" / "kiln").mkdir(parents=True)
    (folder / "templates" / "kiln" / "firing.html").write_text(TEMPLATE)
