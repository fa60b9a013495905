"""Status 200 is no promise: what the body must be, and what it is worth when it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bdxopendata.errors import IncompleteDataError, PortalError, UnexpectedAnswerError
from bdxopendata.transport.answers import decode_json
from support import faulty_portal as faults
from support.faulty_portal import FaultyPortal, answer

from .conftest import Connect

WHERE = ("catalog", "datasets")
HTML = b"<!DOCTYPE html><html><title>Maintenance</title></html>"


def results_of(body: Any) -> Any:
    if not isinstance(body, dict) or not isinstance(body.get("results"), list):
        raise UnexpectedAnswerError("no list of results in it")
    return body["results"]


BAD = [
    (HTML, "HTML or XML instead of JSON"),
    (b"", "empty"),
    (b" \n", "empty"),
    (b'{"results": [', "no valid JSON"),
    (b'{"results": []} trailing', "no valid JSON"),
    (b'[{"a": 1}, {"error_code": "Oops"', "no valid JSON"),
    (b'{"results": ["caf\xe9"]}', "no UTF-8"),
    (b"[]", "no list of results"),
    (b"null", "no list of results"),
    (b"{}", "no list of results"),
    (b'{"results": null}', "no list of results"),
    (b'{"results": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}", "nested too deeply"),
    (b'{"results": [' + b"9" * 5000 + b"]}", "too many digits"),
    (b'{"results": [], "results": [1]}', "appears twice"),
    (b'{"results": [NaN]}', "holds NaN"),
    (b'{"results": [-Infinity]}', "holds -Infinity"),
]


@pytest.mark.parametrize(("body", "problem"), BAD, ids=[problem for _, problem in BAD])
def test_an_answer_that_makes_no_sense_is_asked_for_once_more(connect: Connect, body: bytes, problem: str) -> None:
    with FaultyPortal(answer(body), answer({"results": [1]})) as portal:
        assert connect(portal).get_json(WHERE, check=results_of) == [1]

    assert len(portal.requests) == 2


@pytest.mark.parametrize(("body", "problem"), BAD, ids=[problem for _, problem in BAD])
def test_an_answer_that_makes_no_sense_twice_is_an_error(connect: Connect, body: bytes, problem: str) -> None:
    with (
        FaultyPortal(answer(body), answer(body)) as portal,
        pytest.raises(UnexpectedAnswerError, match=problem) as caught,
    ):
        connect(portal, retries=9).get_json(WHERE, check=results_of)

    assert len(portal.requests) == 2
    assert caught.value.retryable
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(("body", "problem"), BAD, ids=[problem for _, problem in BAD])
def test_an_answer_that_makes_no_sense_is_never_kept(connect: Connect, body: bytes, problem: str) -> None:
    with FaultyPortal(answer(body), answer(body), answer({"results": [1]})) as portal:
        transport = connect(portal)
        with pytest.raises(UnexpectedAnswerError):
            transport.get_json(WHERE, cached=True, check=results_of)
        assert transport.get_json(WHERE, cached=True, check=results_of) == [1]

    assert len(portal.requests) == 3


@pytest.mark.parametrize(
    "content_type", ["text/html", "application/octet-stream", None, "application/json; charset=latin1"]
)
def test_the_content_decides_and_not_its_label(connect: Connect, content_type: str | None) -> None:
    body = '{"results": ["été"]}'.encode()

    with FaultyPortal(answer(body, headers={"Content-Type": content_type})) as portal:
        assert connect(portal).get_json(WHERE, check=results_of) == ["été"]

    assert len(portal.requests) == 1


def test_a_byte_order_mark_is_no_content(connect: Connect) -> None:
    with FaultyPortal(answer(b"\xef\xbb\xbf{}")) as portal:
        assert connect(portal).get_json(WHERE) == {}

    assert len(portal.requests) == 1


def test_rows_may_hold_what_metadata_may_not(connect: Connect) -> None:
    body = b'{"a": 1, "a": 2, "n": NaN, "i": -Infinity, "big": 123456789012345678901234567890}'

    with FaultyPortal(answer(body)) as portal:
        row = connect(portal).get_json(WHERE, strict=False)

    assert len(portal.requests) == 1
    assert row == {"a": 2, "n": "NaN", "i": "-Infinity", "big": 123456789012345678901234567890}


@pytest.mark.parametrize("text", ["\u202eabc", "a\ufeffb", "e\u0301", "😀", "line\nbreak", "nul\x00"])
def test_text_comes_through_as_it_is(connect: Connect, text: str) -> None:
    with FaultyPortal(answer({"text": text})) as portal:
        transport = connect(portal)
        fresh = transport.get_json(WHERE, cached=True)
        kept = transport.get_json(WHERE, cached=True)

    assert fresh == kept == {"text": text}
    assert len(portal.requests) == 1


def test_control_characters_of_a_bad_answer_are_shown_escaped() -> None:
    with pytest.raises(UnexpectedAnswerError) as caught:
        decode_json("oops \x1b[31m \u202e \x07".encode(), strict=True)

    assert str(caught.value).isprintable()


def test_a_check_that_finds_rows_missing_is_given_a_second_answer(connect: Connect) -> None:
    def five(body: Any) -> int:
        if len(body["results"]) != 5:
            raise IncompleteDataError("d", 5, len(body["results"]))
        return 5

    with FaultyPortal(answer({"results": [1]}), answer({"results": [1] * 5})) as portal:
        assert connect(portal).get_json(WHERE, check=five) == 5

    assert len(portal.requests) == 2


def test_a_download_that_lacks_rows_twice_is_an_error(connect: Connect, tmp_path: Path) -> None:
    def refuse(path: Path) -> None:
        raise IncompleteDataError("d", 500, path.stat().st_size, "jsonl")

    with FaultyPortal(answer(b"1"), answer(b"22")) as portal, pytest.raises(IncompleteDataError) as caught:
        connect(portal).download(WHERE, [], refuse, target=tmp_path / "rows")

    assert len(portal.requests) == 2
    assert (caught.value.expected, caught.value.got) == (500, 2)
    assert list(tmp_path.iterdir()) == []


def test_an_error_that_a_check_raises_for_good_is_not_repeated(connect: Connect) -> None:
    def refuse(_: object) -> None:
        raise PortalError(404, "x", "y")

    with FaultyPortal(answer({})) as portal, pytest.raises(PortalError):
        connect(portal).get_json(WHERE, check=refuse)

    assert len(portal.requests) == 1


def test_an_answer_larger_than_allowed_is_not_asked_again(connect: Connect) -> None:
    with (
        FaultyPortal(answer(b"[" + b"1," * 5000 + b"1]")) as portal,
        pytest.raises(UnexpectedAnswerError, match="larger"),
    ):
        connect(portal, max_bytes=1000).get_json(WHERE)

    assert len(portal.requests) == 1


@pytest.mark.parametrize(
    "segment",
    [
        "..",
        ".",
        "../../x",
        "a/b",
        "a\\b",
        "a?b",
        "a#f",
        " ",
        "",
        "x" * 10_000,
        "a\x00b",
        "a\nb",
        "\ud800",
        b"a",
        None,
        5,
    ],
)
def test_what_is_no_dataset_id_is_refused_before_any_request(connect: Connect, segment: Any, tmp_path: Path) -> None:
    with FaultyPortal() as portal:
        transport = connect(portal)
        with pytest.raises(ValueError, match=r"is no dataset id|is text"):
            transport.get_json(("catalog", "datasets", segment))
        with pytest.raises(ValueError, match=r"is no dataset id|is text"):
            transport.download(("catalog", segment, "exports"), [], Path.read_bytes, folder=tmp_path)

    assert portal.connections == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("segment", ["a b", "a%2e%2e", "été", "foo@bar", "a;b&c=d", "...", "a:b"])
def test_a_dataset_id_arrives_as_it_was_given(connect: Connect, segment: str) -> None:
    from urllib.parse import unquote

    with FaultyPortal(answer({})) as portal:
        connect(portal).get_json(("catalog", "datasets", segment, "records"), [("where", "a='é&b' + 1%"), ("x", "")])

    (seen,) = portal.requests
    assert unquote(seen.path) == f"/api/explore/v2.1/catalog/datasets/{segment}/records"
    assert seen.query == [("where", "a='é&b' + 1%"), ("x", "")]


def test_html_is_noticed_in_spite_of_its_blanks(connect: Connect) -> None:
    with (
        FaultyPortal(otherwise=faults.answer(b"\n\n  <html>")) as portal,
        pytest.raises(UnexpectedAnswerError, match="the portal is in maintenance, wants a log-in"),
    ):
        connect(portal).get_json(WHERE)

    assert len(portal.requests) == 2
