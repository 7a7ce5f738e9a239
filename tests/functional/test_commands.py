"""The command ``lms``."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from lms.cli.main import cli


def test_every_command_of_the_core_has_help() -> None:
    for name in ("run", "db", "plugin", "demo"):
        assert cli.commands[name].help, name


def test_the_simulator_starts_without_a_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = tmp_path / "none"
    monkeypatch.setenv("LMS_INSTANCE", str(instance))
    answer = CliRunner().invoke(cli, ["stripe-simulator", "--help"])
    assert answer.exit_code == 0
    assert "--port" in answer.output
    assert not instance.exists()


@pytest.mark.parametrize("wrong", [{"LMS_ENV": "prodution"}, {"LMS_DATABASE_URL": "nonsense"}])
def test_the_core_lists_its_commands_whatever_is_wrong_with_the_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str]
) -> None:
    monkeypatch.setenv("LMS_INSTANCE", str(tmp_path))
    answer = CliRunner().invoke(cli, ["--help"], env=wrong)
    assert answer.exit_code == 0
    assert "Commands of plugins are left out: " in answer.output
    assert {"doctor", "run", "user"} <= set(answer.output.split())


def test_a_command_that_nobody_has_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMS_INSTANCE", str(tmp_path))
    answer = CliRunner().invoke(cli, ["no-such-thing"])
    assert answer.exit_code == 2
    assert "No such command" in answer.output
