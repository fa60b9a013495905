"""Settings: where each comes from, what is refused, and that no form of them shows the key."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bdxopendata.config import RULES, Secret, Settings, show_settings
from bdxopendata.errors import ConfigurationError

KEY = "k3y-th4t-must-not-be-seen"


def test_an_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BDXOPENDATA_TIMEOUT", "7")

    assert Settings().timeout == 7
    assert Settings(timeout=3).timeout == 3
    assert Settings().sources["timeout"] == "BDXOPENDATA_TIMEOUT"
    assert Settings(timeout=3).sources["timeout"] == "argument"


def test_the_environment_is_read_when_settings_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Settings()

    monkeypatch.setenv("BDXOPENDATA_OFFLINE", "yes")

    assert not before.offline
    assert Settings().offline


def test_settings_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().timeout = 3  # type: ignore[misc]


def test_an_unknown_setting_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="time_out"):
        Settings(time_out=3)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout", 0),
        ("timeout", "soon"),
        ("timeout", float("nan")),
        ("timeout", float("inf")),
        ("timeout", True),
        ("deadline", -1),
        ("retries", -1),
        ("retries", 1.5),
        ("max_in_flight", 0),
        ("max_age", -1),
        ("max_age", timedelta(days=-1)),
        ("timezone", "Europe/Bordeaux"),
        ("timezone", "../../etc/passwd"),
        ("language", "xx"),
        ("offline", "perhaps"),
        ("offline", 2),
        ("progress", "bar"),
        ("max_bytes", 0),
        ("max_rows", 0),
        ("cache_dir", 3),
        ("cache_dir", "a\0b"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_the_allowed_ones(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"The setting {name} from argument") as caught:
        Settings(**{name: value})

    assert RULES[name].allowed in str(caught.value)


@pytest.mark.parametrize("key", ["a b", "Apikey ", "a\nX-Evil: 1", "clé", "a\0b", "x" * 600, 12, b"bytes"])
def test_a_key_that_cannot_stand_in_a_header_is_refused_without_being_shown(key: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings(api_key=key)

    assert str(key) not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("given", [KEY, f"  {KEY}\n", f"Apikey {KEY}", f"apikey  {KEY}"])
def test_blanks_and_the_scheme_round_a_key_are_taken_off(given: str) -> None:
    settings = Settings(api_key=given)

    assert settings.key is not None
    assert settings.key.reveal() == KEY


def test_an_empty_key_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BDXOPENDATA_API_KEY", "")

    assert Settings().key is None


def test_no_form_of_the_settings_shows_the_key() -> None:
    settings = Settings(api_key=KEY)
    forms = [
        repr(settings),
        str(settings),
        f"{settings}",
        f"{settings.key}",
        f"{settings.key!r:>20}",
        show_settings(settings),
        repr(dataclasses.replace(settings, timeout=3)),
        json.dumps(vars(settings), default=repr),
        repr(vars(settings)),
        pickle.dumps(settings).decode("latin-1"),
    ]

    assert not [form for form in forms if KEY in form]
    assert "***" in show_settings(settings)


def test_a_pickle_leaves_the_key_behind_and_keeps_the_rest(tmp_path: Path) -> None:
    settings = Settings(api_key=KEY, timeout=3, cache_dir=tmp_path)

    back = pickle.loads(pickle.dumps(settings))

    assert back.key is None
    assert (back.timeout, back.folder) == (3, tmp_path)


def test_a_key_alone_is_not_pickled() -> None:
    with pytest.raises(TypeError, match="BDXOPENDATA_API_KEY"):
        pickle.dumps(Secret(KEY))


def test_fingerprints_tell_keys_apart_and_do_not_tell_them() -> None:
    one, other = Secret(KEY), Secret(KEY + "x")

    assert one.fingerprint == Secret(KEY).fingerprint != other.fingerprint
    assert len(one.fingerprint) == 32
    assert KEY not in one.fingerprint


def test_max_age_is_seconds_or_a_duration() -> None:
    assert Settings(max_age=timedelta(minutes=2)).max_age_seconds == 120
    assert Settings(max_age=30).max_age_seconds == 30


def test_a_home_folder_is_resolved() -> None:
    folder = Settings(cache_dir="~/somewhere").folder

    assert folder is not None
    assert folder.is_absolute()
    assert "~" not in str(folder)


def test_equal_settings_are_equal_and_hash_alike() -> None:
    assert Settings(timeout=3) == Settings(timeout=3.0)
    assert hash(Settings(timeout=3)) == hash(Settings(timeout=3))
    assert Settings(api_key=KEY) != Settings(api_key=KEY + "x")
    assert copy.copy(Settings(timeout=3)) == Settings(timeout=3)


def test_every_setting_is_shown_with_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BDXOPENDATA_RETRIES", "5")

    lines = show_settings().splitlines()

    assert len(lines) == len(RULES)
    assert "retries        5                    BDXOPENDATA_RETRIES" in lines
