"""What was left to be asked of the live portal once: errors, escapes, quota, versions, caches, forms of files.

Each failure says what was learnt, for the table of the reference and for the stand-in.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import requests

from bdxopendata.portals import API_PATH, is_loopback
from bdxopendata.transport.quota import read_quota

if TYPE_CHECKING:
    from bdxopendata.catalog import Catalog
    from conftest import Ask, Find, Holds

STATIC = "bor_airejeux"
LIVE = "st_park_p"
DATED = "previsions_pont_chaban"


# Errors


def test_an_unknown_dataset_is_a_resource_that_is_not_found(ask: Ask, holds: Holds) -> None:
    answer = ask("datasets/no_such_dataset_anywhere/records")

    told = (answer.status_code, answer.json().get("error_code"))
    holds(told == (404, "NotFoundResource"), f"an unknown dataset gives {told}: {answer.text[:300]}")


def test_an_unknown_path_is_an_address_that_is_not_found(ask: Ask, holds: Holds) -> None:
    answer = ask(f"datasets/{STATIC}/nonsense")

    told = (answer.status_code, answer.headers.get("content-type", "").partition(";")[0])
    holds(told == (404, "application/json"), f"an unknown path gives {told}: {answer.text[:300]}")
    holds(answer.json().get("error_code") == "NotFoundURI", f"an unknown path gives {answer.text[:300]}")


def test_records_that_are_hidden_are_refused_with_a_code(bordeaux: Catalog, ask: Ask, holds: Holds) -> None:
    hidden = [name for name in bordeaux if not bordeaux[name].info.data_visible]
    if not hidden:
        pytest.skip("every dataset there is public")
    answer = ask(f"datasets/{hidden[0]}/records")

    holds(answer.status_code == 403, f"records of {hidden[0]} give {answer.status_code}: {answer.text[:300]}")
    holds(list(answer.json()) == ["error_code", "message"], f"the body of a 403 is {answer.text[:300]}")


# Escapes


def test_a_doubled_quote_is_no_escape(ask: Ask, holds: Holds) -> None:
    for text in ('"a""b"', "'a''b'"):
        answer = ask(f"datasets/{STATIC}/records", where=f"nom_site = {text}", limit=1)
        told = f"{answer.status_code} {answer.text[:200]}"
        holds(answer.status_code == 400, f"{text} is read, so a doubled quote is an escape or two texts: {told}")


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_backslash_escapes_a_quote(bordeaux: Catalog, ask: Ask, holds: Holds, quote: str) -> None:
    dataset_id, name, value = _with_apostrophe(bordeaux, ask)
    plain = ask(f"datasets/{dataset_id}/records", where=f'`{name}` = "{value}"', limit=1).json()["total_count"]
    escaped = quote + value.replace("'", "\\'") + quote
    answer = ask(f"datasets/{dataset_id}/records", where=f"`{name}` = {escaped}", limit=1)

    holds(answer.status_code == 200, f"{escaped} gives {answer.status_code} {answer.text[:200]}")
    found = answer.json()["total_count"]
    holds(found == plain > 0, f"{escaped} finds {found} rows, the text without a backslash {plain}")


def _with_apostrophe(bordeaux: Catalog, ask: Ask) -> tuple[str, str, str]:
    for dataset_id in (STATIC, LIVE, "ec_arbre_p", "en_frcol_s", *list(bordeaux)[:10]):
        if dataset_id not in bordeaux or not bordeaux[dataset_id].info.data_visible:
            continue
        rows = ask(f"datasets/{dataset_id}/records", limit=100).json().get("results", [])
        for row in rows:
            for name, value in row.items():
                if isinstance(value, str) and "'" in value and not set(value) & set('"\\\n') and len(value) < 200:
                    return dataset_id, name, value
    pytest.skip("no text there has an apostrophe")


# Quota


def test_each_answer_says_how_many_calls_are_left(ask: Ask, holds: Holds) -> None:
    first, second = (ask(f"datasets/{STATIC}/records", limit=0) for _ in range(2))

    told = {name: value for name, value in first.headers.items() if "ratelimit" in name.lower().replace("-", "")}
    quota, later = read_quota(first.headers, "live"), read_quota(second.headers, "live")
    if quota is None or later is None:
        pytest.fail(f"learnt: answers say nothing of a quota that can be read: {told}", pytrace=False)
    holds(quota.limit is not None and quota.remaining is not None, f"the quota is told as {told}")
    holds(quota.reset_at is not None, f"the moment of reset is told as {told}")
    holds((later.remaining or 0) <= (quota.remaining or 0), f"calls left went from {quota} to {later}")


def test_nothing_asks_to_wait_while_calls_are_left(ask: Ask, holds: Holds) -> None:
    answer = ask(f"datasets/{STATIC}/records", limit=0)

    holds("retry-after" not in answer.headers, f"an answer of status 200 has Retry-After {answer.headers}")


# Versions


def test_the_version_moves_together_with_the_data(ask: Ask, holds: Holds) -> None:
    def version() -> str:
        return str(ask(f"datasets/{LIVE}").json()["metas"]["default"]["data_processed"])

    seen: dict[str, set[str]] = {}
    # A quarter of an hour would see more; two minutes see a real-time dataset move.
    pause, times = (0.0, 3) if is_loopback(ask("datasets", limit=0).url) else (10.0, 12)
    for _ in range(times):
        before = version()
        row = ask(f"datasets/{LIVE}/records", select="max(mdate) as last, count(*) as n", limit=1).json()["results"][0]
        if before == version():
            seen.setdefault(before, set()).add(f"{row['last']} {row['n']}")
        time.sleep(pause)

    odd = {moment: sorted(data) for moment, data in seen.items() if len(data) > 1}
    holds(not odd, f"under one version there were several data: {odd}")
    holds(bool(seen), "the version moved during each of the looks, so nothing was learnt: look again")


# The portal's front-end


def test_no_answer_for_everybody_is_given_to_a_key_that_is_not_valid(ask: Ask, holds: Holds) -> None:
    path = f"datasets/{STATIC}/records"
    first = [ask(path, limit=7) for _ in range(2)][-1]
    address = first.url
    answer = requests.get(address, headers={"Authorization": "Apikey not-a-key"}, timeout=60)

    names = ("cache-control", "vary", "age", "via", "x-cache", "cf-cache-status", "set-cookie")
    told = {name: answer.headers[name] for name in names if name in answer.headers}
    holds(answer.status_code == 401, f"a key that is not valid gets {answer.status_code}: a cache answers? {told}")
    holds("age" not in first.headers, f"an answer comes from a cache in front of the portal: {dict(first.headers)}")


def test_exports_are_compressed_when_asked(ask: Ask, holds: Holds) -> None:
    told = {
        name: ask(f"datasets/{STATIC}/exports/{name}", limit=50).headers.get("content-encoding")
        for name in ("csv", "json", "jsonl", "geojson")
    }

    holds(set(told.values()) == {"gzip"}, f"the encodings of exports are {told}")


# Forms


def test_csv_begins_with_a_byte_order_mark(ask: Ask, holds: Holds) -> None:
    content = ask(f"datasets/{STATIC}/exports/csv", limit=1).content

    holds(content.startswith(b"\xef\xbb\xbf"), f"a CSV export begins {content[:20]!r}")


def test_moments_are_text_in_geojson(ask: Ask, holds: Holds) -> None:
    (feature,) = ask(f"datasets/{LIVE}/exports/geojson", limit=1).json()["features"]

    value = feature["properties"]["mdate"]
    holds(isinstance(value, str) and value[10:11] == "T", f"a moment is {value!r} in GeoJSON")


def test_a_shape_is_a_feature_in_records(ask: Ask, find: Find, holds: Holds) -> None:
    dataset_id, name = find("geo_shape")
    rows = ask(f"datasets/{dataset_id}/records", where=f"`{name}` is not null", limit=1).json()["results"]

    holds(not rows or rows[0][name].get("type") == "Feature", f"{dataset_id}.{name} is {str(rows[:1])[:200]}")


def test_open_intervals_of_range_are_read(ask: Ask, holds: Holds) -> None:
    answer = ask(f"datasets/{LIVE}/records", group_by="range(libres, ]10, 50[) as r", select="count(*) as n", limit=5)

    holds(answer.status_code in (200, 400), f"range(f, ]10, 50[) gives {answer.status_code} {answer.text[:200]}")


def test_formats_are_listed_with_their_addresses(ask: Ask, holds: Holds) -> None:
    links = ask(f"datasets/{STATIC}/exports").json().get("links", [])

    offered = {str(one.get("href", "")).rpartition("/")[2] for one in links}
    missing = {"csv", "json", "jsonl", "geojson", "parquet"} - offered
    holds(not missing, f"the list of exports lacks {sorted(missing)}; it has {sorted(offered)}")


def test_the_address_without_tls_leads_to_the_one_with_it(ask: Ask, holds: Holds) -> None:
    address = ask("datasets", limit=0).url
    if is_loopback(address):
        pytest.skip("a portal on this machine has no other address")
    plain = requests.get(
        address.replace("https://", "http://").partition("?")[0], params={"limit": 0}, timeout=60, allow_redirects=False
    )

    told = f"{plain.status_code} to {plain.headers.get('location')}"
    holds(plain.status_code in (301, 302, 307, 308), f"http:// gives {told}")
    holds(str(plain.headers.get("location")).startswith("https://"), f"http:// leads {told}")
    assert API_PATH in address
