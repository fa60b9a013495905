"""Each threat and the tests that provoke it: none is missing, and none of the tests has gone."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
THREATS: dict[int, tuple[str, tuple[str, ...]]] = {
    1: ("data of one key shown to another", (
        "threats/test_secrets.py::test_answers_of_one_key_are_shown_to_no_other",
        "test_store.py::test_each_portal_dataset_key_and_question_has_its_own",
    )),
    2: ("a redirect takes the key along", (
        "transport/test_key.py::test_a_redirect_to_another_origin_is_not_followed_with_a_key",
        "transport/test_key.py::test_the_key_is_sent_in_one_header_and_not_in_the_address",
    )),
    3: ("links take the key along", (
        "transport/test_links.py::test_a_foreign_link_is_fetched_without_the_key",
        "transport/test_links.py::test_a_link_that_leads_away_by_redirect_takes_no_key_along",
    )),
    4: (".netrc", ("transport/test_key.py::test_a_netrc_file_neither_replaces_the_key_nor_supplies_another",)),
    5: ("the key in errors, logs and tracebacks", (
        "threats/test_secrets.py::test_a_traceback_that_shows_variables_shows_no_key",
        "threats/test_secrets.py::test_an_interrupt_shows_no_key",
        "threats/test_secrets.py::test_a_refused_key_is_in_no_variable_of_the_library",
    )),
    6: ("the key in what is kept", ("threats/test_secrets.py::test_no_way_to_get_data_leaves_the_key_anywhere",)),
    7: ("the key in the open", ("transport/test_key.py::test_a_key_is_not_sent_in_the_open",)),
    8: ("code in stored data", ("threats/test_list.py::test_nothing_is_read_that_could_run",)),
    9: ("other users of the machine", (
        "test_store.py::test_nobody_else_can_read_what_is_kept",
        "test_store.py::test_an_unsafe_folder_is_gone_without_and_said_once",
        "test_store.py::test_a_folder_of_somebody_else_is_not_used",
    )),
    10: ("documents that open others", (
        "threats/test_documents.py::test_a_document_that_names_others_is_opened_by_nothing",
    )),
    11: ("paths in names", (
        "test_dataset.py::test_an_attachment_stays_in_its_folder_whatever_it_is_called",
        "test_store.py::test_odd_names_stay_within_the_store",
        "threats/test_fuzzing.py::test_an_id_is_one_segment_of_an_address_or_refused",
    )),
    12: ("values that change a question", (
        "odsql/test_quoting.py::test_a_compared_text_stays_one_literal",
        "threats/test_injection.py::test_a_value_finds_its_own_rows_and_no_others",
        "threats/test_injection.py::test_a_field_is_checked_before_it_is_part_of_a_question",
        "live/test_unverified.py::test_a_quoted_text_is_one_literal",
    )),
    13: ("HTML from the portal", (
        "threats/test_html.py::test_no_page_holds_what_a_publisher_wrote_as_html",
        "threats/test_html.py::test_no_map_holds_what_a_publisher_wrote_as_html",
    )),
    14: ("commands to the terminal", (
        "threats/test_texts.py::test_no_error_hands_a_command_to_the_terminal",
        "threats/test_texts.py::test_a_description_is_shown_as_text",
        "cli/test_escapes.py::test_no_command_hands_anything_to_the_terminal",
        "cli/test_escapes.py::test_reprs_are_text",
        "transport/test_logging.py::test_a_portal_writes_no_commands_and_no_key_into_the_log",
    )),
    15: ("formulas for spreadsheets", (
        "threats/test_formulas.py::test_no_cell_of_an_escaped_file_begins_a_formula",
        "threats/test_formulas.py::test_a_workbook_holds_texts_and_no_formula",
    )),
    16: ("bombs", ("threats/test_bombs.py::test_a_bomb_is_refused_and_costs_at_most_half_a_gigabyte",)),
    17: ("malicious Parquet", (
        "threats/test_fuzzing.py::test_what_the_fuzzer_kept_does_no_harm",
        "threats/test_list.py::test_dependencies_are_above_known_weaknesses",
    )),
    18: ("XML", ("threats/test_list.py::test_nothing_is_read_that_could_run",)),
    19: ("bad answers that are kept", (
        "transport/test_answers.py::test_an_answer_that_makes_no_sense_is_never_kept",
        "transport/test_cache.py::test_a_refusal_is_not_kept",
        "threats/test_kept.py::test_no_wrong_export_is_ever_kept",
    )),
    20: ("links that steer requests", (
        "threats/test_documents.py::test_a_link_does_not_lead_into_the_readers_own_network",
        "transport/test_links.py::test_a_portal_elsewhere_does_not_lead_to_this_machine",
    )),
    21: ("text as a template", ("threats/test_texts.py::test_a_description_is_shown_as_text",)),
    22: ("too many requests", (
        "conformance/test_load.py::test_many_threads_are_few_requests_at_once_and_all_get_everything",
        "conformance/test_load.py::test_in_an_outage_many_threads_share_one_budget_and_are_all_told",
        "transport/test_connection.py::test_a_request_says_who_asks",
    )),
    23: ("dependencies", ("threats/test_list.py::test_dependencies_are_above_known_weaknesses",)),
    24: ("the environment", (
        "transport/test_key.py::test_a_key_from_the_environment_goes_to_its_portal_only",
        "transport/test_key.py::test_a_key_from_the_environment_is_meant_for_bordeaux",
    )),
    25: ("the key written down by us", (
        "threats/test_secrets.py::test_no_way_to_get_data_leaves_the_key_anywhere",
        "test_store.py::test_no_fingerprint_of_a_key_is_written_down",
    )),
    26: ("an import that asks the network", (
        "threats/test_quiet.py::test_an_import_asks_nobody_and_writes_nothing",
        "threats/test_quiet.py::test_nothing_of_ours_runs_when_it_is_built",
    )),
}  # fmt: skip

FLOORS = {"requests": (2, 32, 4), "urllib3": (2, 6, 3), "filelock": (3, 20, 3), "requests-cache": (1, 3, 2),
          "pyarrow": (14, 0, 1)}  # fmt: skip


def test_every_threat_is_in_the_list() -> None:
    assert sorted(THREATS) == list(range(1, 27))


@pytest.mark.parametrize(("number", "name"), [(key, one) for key, (_, tests) in THREATS.items() for one in tests])
def test_the_tests_of_a_threat_are_there(number: int, name: str) -> None:
    path, _, function = name.partition("::")
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))

    assert function in {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}


def test_nothing_is_read_that_could_run() -> None:
    """No pickle, no evaluation, no YAML, no XML in what the library imports or calls."""
    odd = re.compile(
        r"^\s*(?:import|from) (?:pickle|marshal|shelve|yaml|xml)\b|(?<![\w.\"'])(?:eval|exec)\(|\.loads?\(.*pickle",
        re.M,
    )
    found = [
        f"{path.relative_to(ROOT)}: {one[0].strip()}"
        for path in (ROOT / "src" / "bdxopendata").rglob("*.py")
        if "testing" not in path.parts
        for one in odd.finditer(path.read_text(encoding="utf-8"))
    ]

    assert found == []


def test_dependencies_are_above_known_weaknesses() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    floors = {
        name: tuple(int(part) for part in floor.split("."))
        for name, _, floor in (one.partition(">=") for one in wanted)
    }

    assert {name: floors[name] for name, least in FLOORS.items() if floors[name] < least} == {}
