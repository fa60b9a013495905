"""Headers, framing, keys, quota, and the controls that tests turn."""

from __future__ import annotations

import gzip
import http.client
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from bdxopendata.testing import Request, SampleDataset, StandIn
from bdxopendata.testing.bodies import Reply
from testing.asking import API, Ask, asker, everything, numbers, refused, results

NUMBERS = "/catalog/datasets/numbers"
RATE = {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"}
VALIDATORS = {"etag", "last-modified", "expires"}


def raw(portal: StandIn, request: bytes) -> bytes:
    """Everything that comes back until the portal closes the connection."""
    host, port = portal.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def names(answer: requests.Response) -> set[str]:
    return {name.lower() for name in answer.headers}


def test_success_has_the_recorded_headers(ask: Ask) -> None:
    answer = ask(f"{NUMBERS}/records")

    assert answer.headers["server"] == "bdxopendata-stand-in"
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache, no-store, max-age=0, must-revalidate"
    assert answer.headers["vary"] == "Accept-Language, Cookie, Host"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "POST, GET, OPTIONS"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-language"] == "fr"
    assert not VALIDATORS & names(answer)


def test_rate_headers_are_texts_with_a_blank(ask: Ask) -> None:
    first, second = ask(f"{NUMBERS}/records"), ask(f"{NUMBERS}/records")

    assert names(first) >= RATE
    assert re.fullmatch(r"\d{4}-\d\d-\d\d 00:00:00\+00:00", first.headers["x-ratelimit-reset"])
    left = [int(answer.headers["x-ratelimit-remaining"]) for answer in (first, second)]
    assert left[0] - left[1] == 1


def test_language_is_said(ask: Ask) -> None:
    assert ask(f"{NUMBERS}/records", lang="en").headers["content-language"] == "en"


def test_refused_question_is_short_plain_and_without_rate(ask: Ask, shared_data: Path) -> None:
    theirs = shared_data / "recorded" / "enw" / "odsql-error.json"
    answer = ask(f"{NUMBERS}/records", limit=101)

    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert not {"content-encoding", "cache-control"} & names(answer)
    assert not RATE & names(answer)
    assert answer.text.startswith('{\n  "error_code": "InvalidRESTParameterError",\n  "message": "')
    assert answer.text.endswith('"\n}')
    if theirs.is_file():
        assert theirs.read_text().startswith('{\n  "error_code": ')


def test_not_found_is_compressed_and_without_rate(ask: Ask) -> None:
    answer = ask("/catalog/datasets/nothing")

    assert answer.headers["content-encoding"] == "gzip"
    assert "cache-control" in names(answer)
    assert not RATE & names(answer)


def test_forbidden_body_is_the_recorded_one(shared_data: Path) -> None:
    theirs = shared_data / "recorded" / "enw" / "forbidden-records.json"
    if not theirs.is_file():
        pytest.skip("the recorded 403 is not here")

    with StandIn([everything(data_visible=False)]) as portal:
        answer = asker(portal)("/catalog/datasets/everything/records")

    assert answer.text == theirs.read_text().rstrip("\n")


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("csv", "text/csv; charset=utf-8"),
        ("json", "application/json; charset=utf-8"),
        ("jsonl", "application/jsonl; charset=utf-8"),
        ("geojson", "application/geo+json"),
        ("parquet", "application/vnd.apache.parquet"),
        ("fgb", "application/octet-stream; charset=utf-8"),
    ],
)
def test_exports_come_in_chunks_without_length(ask: Ask, name: str, content_type: str) -> None:
    answer = ask(f"/catalog/datasets/everything/exports/{name}")

    assert answer.headers["content-type"] == content_type
    assert answer.headers["content-disposition"] == f'attachment; filename="everything.{name}"'
    assert answer.headers["transfer-encoding"] == "chunked"
    assert not ({"content-length"} | VALIDATORS) & names(answer)
    assert ("content-encoding" in names(answer)) == (name not in ("parquet", "fgb"))


def test_nothing_is_compressed_for_those_who_do_not_ask(ask: Ask) -> None:
    answer = ask(f"{NUMBERS}/exports/csv", headers={"Accept-Encoding": "identity"})

    assert "content-encoding" not in names(answer)
    assert answer.content.startswith(b"\xef\xbb\xbfn;name;team\r\n")


def test_chunks_and_gzip_are_well_formed_on_the_wire(portal: StandIn) -> None:
    request = (
        f"GET {API}{NUMBERS}/exports/csv HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"
    )
    head, _, body = raw(portal, request.encode()).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body.endswith(b"\r\n0\r\n\r\n")
    joined, rest = b"", body
    while rest != b"0\r\n\r\n":
        size, _, rest = rest.partition(b"\r\n")
        joined, rest = joined + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    assert gzip.decompress(joined).count(b"\r\n") == 251


def test_connection_is_kept_open(portal: StandIn) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(portal.url.rsplit(":", 1)[1]), timeout=10)
    sockets = set()
    for path in (f"{NUMBERS}/records", f"{NUMBERS}/exports/csv", "/nothing", f"{NUMBERS}/records?limit=101"):
        connection.request("GET", API + path)
        connection.getresponse().read()
        sockets.add(connection.sock)
    connection.close()

    assert len(sockets) == 1
    assert None not in sockets


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "BREW"])
def test_only_get_is_answered(portal: StandIn, method: str) -> None:
    answer = requests.request(method, f"{portal.url}{API}/catalog/datasets", timeout=10)

    assert answer.status_code == 405
    assert portal.requests[-1].method == method


def test_request_log_holds_method_path_parameters_headers_and_status(ask: Ask, portal: StandIn) -> None:
    ask(
        f"{NUMBERS}/records", headers={"X-Mark": "é".encode("latin-1").decode("latin-1")}, limit=1, where=["n=1", "n<2"]
    )
    ask("/catalog/datasets/nothing")

    first, second = portal.requests
    assert first.path == f"{API}{NUMBERS}/records"
    assert first.query == (("limit", "1"), ("where", "n=1"), ("where", "n<2"))
    assert first.headers["accept-encoding"].startswith("gzip")
    assert (first.method, first.status) == ("GET", 200)
    assert second.status == 404
    assert portal.requests.to("/records") == [first]


def test_every_request_of_many_threads_is_counted(portal: StandIn) -> None:
    portal.quota(1000)

    with ThreadPoolExecutor(16) as threads:
        left = list(
            threads.map(lambda _: asker(portal)(f"{NUMBERS}/records").headers["x-ratelimit-remaining"], range(64))
        )

    assert len(portal.requests) == 64
    assert sorted(map(int, left)) == list(range(936, 1000))


@pytest.mark.parametrize(
    ("headers", "parameters"),
    [
        ({"Authorization": "Apikey secret"}, {}),
        ({"Authorization": "ApiKey secret"}, {}),
        ({"Authorization": "Bearer secret"}, {}),
        ({}, {"apikey": "secret"}),
        ({}, {"access_token": "secret"}),
    ],
)
def test_key_is_taken_from_header_or_query(
    ask: Ask, portal: StandIn, headers: dict[str, str], parameters: dict[str, str]
) -> None:
    portal.require_key("secret")

    assert ask(f"{NUMBERS}/records", headers=headers, **parameters).status_code == 200


def test_bad_and_missing_keys_get_401(ask: Ask, portal: StandIn) -> None:
    portal.require_key("secret")
    missing = ask(f"{NUMBERS}/records")
    bad = ask(f"{NUMBERS}/records", headers={"Authorization": "Apikey other"})
    portal.require_key("secret", anonymous=True)
    allowed = ask(f"{NUMBERS}/records")

    assert (missing.status_code, bad.status_code, allowed.status_code) == (401, 401, 200)
    assert "API key is not valid" in bad.text
    assert not RATE & names(bad)


def test_used_up_quota_has_an_envelope_of_its_own(ask: Ask, portal: StandIn) -> None:
    portal.quota(10000, remaining=1, reset_at=datetime(2026, 8, 18, tzinfo=UTC))
    last = ask(f"{NUMBERS}/records")
    refusal = ask(f"{NUMBERS}/records")

    assert last.headers["x-ratelimit-remaining"] == "0"
    assert last.headers["x-ratelimit-reset"] == "2026-08-18 00:00:00+00:00"
    assert refusal.status_code == 429
    assert refusal.json() == {
        "errorcode": 10002,
        "reset_time": "2026-08-18T00:00:00Z",
        "limit_time_unit": "day",
        "call_limit": 10000,
        "error": "Too many requests on the domain. Please contact the domain administrator.",
    }
    assert "retry-after" not in names(refusal)


def test_quota_may_exceed_64_bits_and_say_when_to_come_back(ask: Ask, portal: StandIn) -> None:
    portal.quota(99999999999999999999999)
    assert ask(f"{NUMBERS}/records").headers["x-ratelimit-limit"] == "99999999999999999999999"

    portal.quota(10, remaining=0, retry_after=2)
    assert ask(f"{NUMBERS}/records").headers["retry-after"] == "2"


def test_count_can_be_a_lie(ask: Ask, portal: StandIn) -> None:
    portal.lie_about_count("numbers", 7)
    total = ask(f"{NUMBERS}/records", limit=0).json()["total_count"]
    portal.lie_about_count("numbers", 9, total_count=False, records_count=True)
    stated = ask(NUMBERS).json()["metas"]["default"]["records_count"]
    portal.lie_about_count("numbers", None, records_count=True)

    assert (total, stated) == (7, 9)
    assert ask(f"{NUMBERS}/records", limit=0).json()["total_count"] == 250
    assert len(ask(f"{NUMBERS}/exports/json").json()) == 250


def test_data_can_change_between_two_requests(ask: Ask, portal: StandIn) -> None:
    changed = threading.Event()

    def change(request: Request) -> None:
        if request.path.endswith("/records") and not changed.is_set():
            changed.set()
            portal.set_rows("numbers", [{"n": -1, "name": "only", "team": None}])

    take_out = portal.before_answer(change)
    rows = results(ask(f"{NUMBERS}/records"))
    take_out()
    portal.set_rows("numbers", [])

    assert [row["n"] for row in rows] == [-1]
    assert results(ask(f"{NUMBERS}/records")) == []


def test_hook_may_answer_in_place_of_the_portal(ask: Ask, portal: StandIn) -> None:
    take_out = portal.before_answer(lambda request: Reply(503, b"<html>busy</html>", {"content-type": "text/html"}))
    busy = ask(f"{NUMBERS}/records")
    take_out()

    assert (busy.status_code, busy.text) == (503, "<html>busy</html>")
    assert [request.status for request in portal.requests] == [503]
    assert ask(f"{NUMBERS}/records").status_code == 200


def test_answer_can_be_torn(ask: Ask, portal: StandIn) -> None:
    def tear(request: Request, reply: Reply) -> None:
        reply.cut_after = 100

    portal.after_answer(tear)

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        ask(f"{NUMBERS}/exports/csv")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        ask(f"{NUMBERS}/records", headers={"Accept-Encoding": "identity"})


def test_reprocessing_moves_the_version_and_keeps_the_rows(ask: Ask, portal: StandIn) -> None:
    before = ask(NUMBERS).json()["metas"]["default"]
    portal.reprocess("numbers")
    after = ask(NUMBERS).json()["metas"]["default"]

    assert after["data_processed"] > before["data_processed"]
    assert after | {"data_processed": 0, "modified": 0} == before | {"data_processed": 0, "modified": 0}


def test_datasets_come_and_go(ask: Ask, portal: StandIn) -> None:
    portal.add(SampleDataset("more", [{"name": "x", "type": "int"}], [{"x": 1}]))
    assert results(ask("/catalog/datasets/more/records")) == [{"x": 1}]

    portal.set_fields("more", [{"name": "y", "type": "text"}])
    assert results(ask("/catalog/datasets/more/records")) == [{"y": None}]

    portal.remove("more")
    assert refused(ask("/catalog/datasets/more/records"))[1] == "NotFoundResource"


def test_closing_leaves_no_thread_and_no_open_port() -> None:
    before = set(threading.enumerate())
    portal = StandIn([numbers(3)]).start()
    kept = http.client.HTTPConnection("127.0.0.1", int(portal.url.rsplit(":", 1)[1]), timeout=10)
    kept.request("GET", f"{API}{NUMBERS}/records")
    kept.getresponse().read()
    running = set(threading.enumerate()) - before

    portal.close()

    assert len(running) == 2
    assert not set(threading.enumerate()) - before
    with pytest.raises(ConnectionError):
        http.client.HTTPConnection("127.0.0.1", int(portal.url.rsplit(":", 1)[1]), timeout=10).connect()
    kept.close()


def test_odd_ids_travel_in_paths(portal: StandIn) -> None:
    portal.add(SampleDataset("é ?/#", [{"name": "x", "type": "int"}], [{"x": 1}]))

    answer = requests.get(f"{portal.url}{API}/catalog/datasets/%C3%A9%20%3F%2F%23/records", timeout=10)

    assert answer.json()["results"] == [{"x": 1}]


def test_fixture_serves_the_samples(bdx_portal: StandIn) -> None:
    body = asker(bdx_portal)("/catalog/datasets", limit=100).json()

    assert body["total_count"] == len(body["results"]) > 0
    assert bdx_portal.portal_arguments["addresses"] == (bdx_portal.url,)


def test_a_dataset_may_have_a_quota_of_its_own(ask: Ask, portal: StandIn) -> None:
    portal.quota(50000, remaining=1, dataset="numbers", reset_at=datetime(2026, 8, 31, tzinfo=UTC))
    last, refusal, other = ask(f"{NUMBERS}/records"), ask(f"{NUMBERS}/records"), ask("/catalog/datasets/everything")

    assert last.headers["x-ratelimit-dataset-limit"] == "50000"
    assert last.headers["x-ratelimit-dataset-remaining"] == "0"
    assert last.headers["x-ratelimit-dataset-reset"] == "2026-08-31 00:00:00+00:00"
    assert last.headers["x-ratelimit-limit"] == "100000"
    assert (refusal.status_code, refusal.json()["call_limit"], other.status_code) == (429, 50000, 200)
    assert "x-ratelimit-dataset-limit" not in other.headers
