"""The errors hold facts, word them late, survive pickling, and show no control character."""

from __future__ import annotations

import inspect
import pickle
from datetime import UTC, datetime

import pytest

from bdxopendata import errors

EXAMPLES = [
    errors.ConfigurationError("The setting timeout cannot be -1.", "Allowed: seconds above 0."),
    errors.NetworkError("opendata.example", "the connection was refused", 4),
    errors.DeadlineExceededError("opendata.example", 60.0, "download"),
    errors.PortalError(410, "Gone", "no longer here"),
    errors.AuthenticationError(401, "opendata.example", "BDXOPENDATA_API_KEY"),
    errors.AuthenticationError(403, "opendata.example"),
    errors.DatasetNotFoundError("st_parc_p", "opendata.example", ["st_park_p"]),
    errors.TopicNotFoundError("trees", "opendata.example", ("ec_arbre_p",), ("arbres",), ("bor_arbres",)),
    errors.QueryError("Unknown field: hauter.", "ODSQLError", "where", 3, "Did you mean 'hauteur'?"),
    errors.QuotaExceededError(datetime(2026, 1, 2, tzinfo=UTC), 5000),
    errors.QuotaExceededError(retry_after=3600),
    errors.ServerError(503, "opendata.example", 4, "<html>down</html>"),
    errors.UnexpectedAnswerError("HTML instead of JSON", "<!doctype html>"),
    errors.IncompleteDataError("ec_arbre_p", 80000, 79999, "the parquet export"),
    errors.DatasetChangedError("st_park_p", "2026-01-01", "2026-01-02"),
    errors.SchemaError("'met_photo' is no table."),
    errors.UnknownFieldError("hauter", ["hauteur"], "ec_arbre_p"),
    errors.SchemaDriftError("ec_arbre_p", ["hauteur"], ["genre"]),
    errors.AlreadyRecordingError("parking-history"),
    errors.OfflineError("'ec_arbre_p' is not stored"),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_survives_the_trip_back_from_a_worker(error: errors.BdxOpenDataError) -> None:
    error.about(dataset_id="ec_arbre_p", retry_after=2.5)

    back = pickle.loads(pickle.dumps(error))

    assert type(back) is type(error)
    assert str(back) == str(error)
    assert back.args == error.args
    assert (back.dataset_id, back.retry_after, back.status_code, back.retryable) == (
        error.dataset_id,
        error.retry_after,
        error.status_code,
        error.retryable,
    )


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_the_message_is_a_sentence(error: errors.BdxOpenDataError) -> None:
    assert str(error).endswith((".", "?"))
    assert "None" not in str(error)


def test_every_error_has_an_example_here() -> None:
    defined = {
        value
        for value in vars(errors).values()
        if inspect.isclass(value)
        and issubclass(value, errors.BdxOpenDataError)
        and value is not errors.BdxOpenDataError
    }

    assert {type(example) for example in EXAMPLES} == defined


def test_control_characters_of_foreign_text_are_shown_escaped() -> None:
    shown = str(errors.UnexpectedAnswerError("HTML instead of JSON", "\x1b[31mred\x07\r\n\u202eabc"))

    assert shown.isprintable()
    assert "\\x1b[31mred" in shown


def test_a_long_body_is_cut() -> None:
    shown = errors.excerpt("x" * 10_000)

    assert len(shown) == errors.EXCERPT_LENGTH + 1


def test_bytes_that_are_no_text_are_shown() -> None:
    assert errors.excerpt(b"\xff\xfeabc") == "\\xff\\xfeabc"


def test_what_a_caller_knows_does_not_replace_what_the_error_knows() -> None:
    error = errors.DatasetNotFoundError("a", "host")

    error.about(dataset_id="b", status_code=500)

    assert (error.dataset_id, error.status_code) == ("a", 404)
