"""Field types and schemas."""

from __future__ import annotations

import pytest

from bdxopendata.errors import UnknownFieldError
from bdxopendata.fields import FIELD_TYPES, Field, Schema

TREES = Schema(
    [
        Field("geo_point_2d", "geo_point_2d", "Point"),
        Field("genre", "text", "Genre"),
        Field("hauteur", "double", "Hauteur", unit="m"),
    ],
    dataset_id="ec_arbre_p",
)


def test_a_schema_is_indexed_by_place_and_by_name() -> None:
    assert TREES[1] is TREES["genre"]
    assert TREES[-1].name == "hauteur"
    assert TREES[:2].names == ("geo_point_2d", "genre")
    assert "genre" in TREES
    assert "genus" not in TREES
    assert TREES.names == ("geo_point_2d", "genre", "hauteur")


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownFieldError, match="Did you mean 'hauteur'") as caught:
        TREES["Hauter"]

    assert caught.value.dataset_id == "ec_arbre_p"


def test_a_shape_gives_the_geometry_before_a_point() -> None:
    both = Schema([*TREES, Field("geo_shape", "geo_shape")])

    assert TREES.geometry is TREES["geo_point_2d"]
    assert both.geometry is both["geo_shape"]
    assert Schema([Field("genre", "text")]).geometry is None


@pytest.mark.parametrize("kind", FIELD_TYPES)
def test_every_portal_type_has_a_dtype(kind: str) -> None:
    assert Field("x", kind).dtype


def test_lists_of_text_are_objects() -> None:
    assert Field("x", "text", multivalued=True).dtype == "object"


def test_a_type_that_is_not_known_is_kept_as_sent() -> None:
    assert Field("x", "hologram").kind is FIELD_TYPES["unknown"]


def test_the_text_of_a_schema_has_one_line_a_field() -> None:
    lines = repr(TREES).splitlines()

    assert lines[0] == "Schema of ec_arbre_p: 3 fields"
    assert lines[3].split() == ["hauteur", "double", "float64", "Hauteur"]
