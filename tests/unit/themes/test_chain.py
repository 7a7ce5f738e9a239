"""The chain of template layers."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from jinja2 import TemplateNotFound

from lms.themes.chain import ChainLoader, ThemeEnvironment, layer


class App(Flask):
    jinja_environment = ThemeEnvironment


def draw(layers: ChainLoader, template: str) -> str:
    app = App("x", static_folder=None)
    app.jinja_env.loader = layers
    with app.app_context():
        return app.jinja_env.get_template(template).render()


@pytest.fixture
def loader(tmp_path: Path) -> ChainLoader:
    files = {
        "site/page.html": "{% extends 'parent:page.html' %}{% block a %}site[{{ super() }}]{% endblock %}",
        "child/page.html": "{% extends 'parent:page.html' %}{% block a %}child[{{ super() }}]{% endblock %}",
        "core/page.html": "{% block a %}core{% endblock %}",
        "child/admin/x.html": "broken by the theme",
        "core/admin/x.html": "admin",
        "plugin/stripe/x.html": "stripe's own",
        "plugin/other.html": "never served",
    }
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return ChainLoader(
        [
            layer("site", [tmp_path / "site"], themed=True),
            layer("theme child", [tmp_path / "child"], themed=True),
            layer("plugin stripe", [tmp_path / "plugin"], ("stripe/",)),
            layer("core", [tmp_path / "core"]),
        ]
    )


def test_each_layer_extends_the_next_one_that_has_the_template(loader: ChainLoader) -> None:
    assert draw(loader, "page.html") == "site[child[core]]"


def test_admin_templates_stand_outside_the_theme(loader: ChainLoader) -> None:
    assert draw(loader, "admin/x.html") == "admin"


def test_a_plugin_serves_only_below_its_name(loader: ChainLoader) -> None:
    assert draw(loader, "stripe/x.html") == "stripe's own"
    with pytest.raises(TemplateNotFound):
        draw(loader, "other.html")


def test_the_chain_can_be_explained(loader: ChainLoader) -> None:
    assert loader.explain("page.html") == [
        ("site", True),
        ("theme child", True),
        ("plugin stripe", False),
        ("core", True),
    ]
