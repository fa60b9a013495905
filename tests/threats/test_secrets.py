"""A key is nowhere but in the one header: looked for in everything that a session with a key leaves behind."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import pickle
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import bdxopendata as bdx
from bdxopendata import F
from bdxopendata.catalog import Catalog
from bdxopendata.config import Settings
from bdxopendata.dataset import Dataset
from bdxopendata.portals import Portal
from bdxopendata.testing import Attachment, SampleDataset, StandIn
from support.faulty_portal import FaultyPortal, answer, reset

KEY = "k3y-that-n0body-may-see"
NETRC = "n3trc-pa55word"
SECRETS = (KEY, NETRC)
FIELDS = [{"name": "gid", "type": "int"}, {"name": "nom", "type": "text"}, {"name": "geo", "type": "geo_point_2d"}]
ROWS = [{"gid": one, "nom": "a", "geo": {"lon": -0.5, "lat": 44.8}} for one in range(150)]


def secrets_in(found: bytes | str) -> list[str]:
    text = found if isinstance(found, bytes) else found.encode("utf-8", "replace")
    return [one for one in SECRETS if one.encode() in text]


def in_files(folder: Path) -> list[str]:
    """Files below a folder that hold a secret, or are named by one."""
    return [
        str(path)
        for path in folder.rglob("*")
        if secrets_in(str(path)) or (path.is_file() and secrets_in(path.read_bytes()))
    ]


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path.parent / f"{tmp_path.name}-netrc"
    path.write_text(f"machine 127.0.0.1 login someone password {NETRC}\n")
    path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(path))


@contextlib.contextmanager
def listened() -> Iterator[io.StringIO]:
    """Everything that any library logs, at any level."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s %(args)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield heard
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def ways(dataset: Dataset, catalog: Catalog, folder: Path) -> dict[str, Callable[[], Any]]:
    return {
        "listing": lambda: list(catalog),
        "search": lambda: catalog.search("arbres"),
        "facets": lambda: catalog.facets("theme"),
        "info": lambda: dataset.info,
        "head": lambda: dataset.head(3),
        "pandas": dataset.to_pandas,
        "geopandas": dataset.to_geopandas,
        "arrow": dataset.to_arrow,
        "pages": lambda: dataset.limit(20).to_pandas(),
        "json": lambda: dataset.to_pandas(format="jsonl"),
        "csv": lambda: dataset.to_pandas(format="csv"),
        "batches": lambda: list(dataset.batches(50)),
        "question": lambda: dataset.where(F.gid > 5).select("gid").to_pandas(),
        "count": dataset.count,
        "parquet": lambda: dataset.to_parquet(folder / "rows.parquet"),
        "save": lambda: [dataset.save(folder / f"saved{end}") for end in (".csv", ".geojson", ".parquet")],
        "download": lambda: dataset.download(folder / "export.csv"),
        "attachment": lambda: dataset.download_attachment("notes", folder),
        "url": lambda: dataset.where(F.gid > 5).url(),
        "explain": dataset.explain,
        "settings": lambda: bdx.show_settings(catalog.settings),
        "mirror": lambda: catalog.mirror(folder / "mirror"),
    }


def test_no_way_to_get_data_leaves_the_key_anywhere(netrc: None, tmp_path: Path) -> None:
    sample = SampleDataset(
        "trees", FIELDS, ROWS, {"default": {"title": "Arbres", "data_processed": "2026-01-01T00:00:00+00:00"}},
        attachments=[Attachment("notes", "Notes", "text/plain", b"notes")],
    )  # fmt: skip
    store, folder = tmp_path / "store", tmp_path / "out"
    folder.mkdir()
    shown: list[str] = []
    behind = StandIn([sample])
    behind.require_key(KEY)
    with (
        listened() as heard,
        warnings.catch_warnings(record=True) as caught,
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
        FaultyPortal(behind=behind) as portal,
    ):
        warnings.simplefilter("always")
        catalog = Catalog(
            Portal("secret", (portal.url,)), settings=Settings(api_key=KEY, cache_dir=store, progress=True)
        )
        dataset = Dataset("trees", catalog=catalog)
        for ask in ways(dataset, catalog, folder).values():
            made = ask()
            shown += [repr(made), str(made), getattr(made, "_repr_html_", str)() or ""]
            shown += [repr(getattr(made, "attrs", "")), repr(getattr(getattr(made, "schema", None), "metadata", ""))]
        for thing in (catalog, dataset, dataset.limit(3), dataset.info, catalog.settings, catalog.explore.transport):
            shown += [repr(thing), str(thing), f"{thing}", repr(vars(thing)) if hasattr(thing, "__dict__") else ""]
            with contextlib.suppress(TypeError):
                shown.append(repr(pickle.dumps(thing)))
            with contextlib.suppress(TypeError):
                shown.append(repr(copy.copy(thing)))
        sent = [seen.headers.get("authorization") for seen in portal.requests]

    assert len(sent) > 15
    assert set(sent) == {f"Apikey {KEY}"}
    assert not any(KEY in seen.target for seen in portal.requests)
    texts = {"log": heard.getvalue(), "warnings": str([str(one.message) for one in caught]), "shown": "\n".join(shown)}
    texts |= {"stdout": out.getvalue(), "stderr": err.getvalue()}
    assert "GET" in texts["log"]
    assert {name: found for name, text in texts.items() if (found := secrets_in(text))} == {}
    assert any(store.rglob("*.parquet"))
    assert in_files(tmp_path) == []


def test_the_search_finds_a_key_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"\x00" + KEY.encode() + b"\x00")

    assert secrets_in(f"Apikey {KEY}") == [KEY]
    assert len(in_files(tmp_path)) == 1
    (tmp_path / "a" / "b").unlink()


FAULTS = {
    "reset": reset,
    "401": lambda: answer({}, 401),
    "403": lambda: answer({}, 403),
    "404": lambda: answer({}, 404),
    "429": lambda: answer({}, 429, {"Retry-After": "3600"}),
    "500": lambda: answer({"message": "no"}, 500),
    "html": lambda: answer(b"<html>"),
    "echo": lambda: answer({"error_code": KEY, "message": f"You sent Authorization: Apikey {KEY}"}, 400),
    "echo of a failure": lambda: answer(f"<html><pre>Authorization: Apikey {KEY}</pre>".encode(), 500),
    "echo with 200": lambda: answer(f"<html><pre>Authorization: Apikey {KEY}</pre>".encode()),
    "echo in JSON": lambda: answer(f'{{"headers": {{"Authorization": "Apikey {KEY}"}}, '.encode()),
    "echo of another shape": lambda: answer([f"Apikey {KEY}"]),
}


# The answers hold the key, and so do the errors about them before it is taken out.
@pytest.mark.leaves_keys
@pytest.mark.parametrize("fault", FAULTS)
def test_a_traceback_that_shows_variables_shows_no_key(fault: str, netrc: None, tmp_path: Path) -> None:
    with listened() as heard, FaultyPortal(otherwise=FAULTS[fault]()) as portal:
        catalog = _keyed(portal.url, tmp_path)
        try:
            Dataset("trees", catalog=catalog).to_pandas()
        except bdx.BdxOpenDataError as error:
            shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
            shown += f"{error} {error!r} {vars(error)} {error.__cause__!r}"
        assert portal.requests[0].headers["authorization"] == f"Apikey {KEY}"

    assert "Traceback" in shown
    assert "self = " in shown
    assert secrets_in(shown) == []
    assert secrets_in(heard.getvalue()) == []


@pytest.mark.leaves_keys
def test_rows_that_are_no_rows_but_show_the_key_are_an_error_without_it(tmp_path: Path) -> None:
    metas = {"default": {"data_processed": "2026-01-01T00:00:00+00:00"}}
    behind = StandIn([SampleDataset("trees", FIELDS, ROWS, metas)])
    for format in ("csv", "json", "jsonl", "geojson", "parquet"):
        page = f'<html>gid;nom;geo\n1;"Authorization: Apikey {KEY}'.encode()
        with listened() as heard, FaultyPortal(behind=behind) as portal:
            told = portal.inject(answer(page), lambda seen: "/exports/" in seen.path, times=None)
            catalog = Catalog(
                Portal("secret", (portal.url,), stand_in=True),
                settings=Settings(api_key=KEY, cache_dir=tmp_path, retries=1),
            )
            behind.require_key(KEY)
            with pytest.raises(bdx.BdxOpenDataError) as caught:
                Dataset("trees", catalog=catalog).to_pandas(format=format)
            assert told.happened
        error = caught.value
        assert secrets_in(f"{error} {error!r} {vars(error)} {error.__cause__!r} {heard.getvalue()}") == []
    behind.close()


@pytest.mark.parametrize("ending", ["\nX-Evil: 1", " and more", "é"])
def test_a_refused_key_is_in_no_variable_of_the_library(ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BDXOPENDATA_API_KEY", KEY + ending)
    try:
        Settings()
    except bdx.ConfigurationError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())

    assert "Traceback" in shown
    assert secrets_in(shown) == []


def test_an_interrupt_shows_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import http.client

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with FaultyPortal(otherwise=answer({})) as portal:
        catalog = _keyed(portal.url, tmp_path)
        with monkeypatch.context() as patched:
            patched.setattr(http.client.HTTPConnection, "getresponse", interrupt)
            try:
                Dataset("trees", catalog=catalog).to_pandas()
            except KeyboardInterrupt as error:
                shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())

    assert "KeyboardInterrupt" in shown
    assert secrets_in(shown) == []


def test_answers_of_one_key_are_shown_to_no_other(tmp_path: Path) -> None:
    with FaultyPortal() as portal:
        told = portal.inject(answer({"whose": "the first key's"}), times=1)
        other = portal.inject(answer({"whose": "nobody's"}), times=1)
        answers = []
        for key in (KEY, None):
            settings = Settings(api_key=key, cache_dir=tmp_path)
            explore = Catalog(Portal("secret", (portal.url,)), settings=settings).explore
            answers.append(explore.transport.get_json(("catalog", "datasets"), cached=True))
        assert told.happened
        assert other.happened

    assert answers == [{"whose": "the first key's"}, {"whose": "nobody's"}]


def _keyed(url: str, folder: Path) -> Catalog:
    # The key comes from elsewhere than a variable of the test, which a traceback would show.
    return Catalog(Portal("secret", (url,)), settings=Settings(api_key=KEY, cache_dir=folder, retries=0))
