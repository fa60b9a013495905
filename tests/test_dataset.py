"""One dataset: description, counts, attachments and files; nothing is asked before it is needed."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bdxopendata.config import Settings
from bdxopendata.dataset import Dataset, safe_name
from bdxopendata.errors import AuthenticationError, DatasetNotFoundError, SchemaError, UnknownFieldError
from bdxopendata.odsql import F
from bdxopendata.testing import SampleDataset
from bdxopendata.testing.sample import Attachment

if TYPE_CHECKING:
    from conftest import Serve

NOTES = SampleDataset(
    "notes",
    [{"name": "genre", "type": "text", "annotations": {"facet": True}}],
    [{"genre": "Quercus"}, {"genre": "Quercus"}, {"genre": None}],
    attachments=(
        Attachment("notes_pdf", "Notes été.pdf", "application/pdf", b"%PDF-1.4 notes"),
        Attachment("evil", "../../../etc/cron.d/evil", "text/plain", b"evil"),
    ),
)


def test_nothing_is_asked_before_it_is_needed(serve: Serve) -> None:
    served = serve(NOTES)

    dataset = served.dataset("notes")
    shown = [repr(dataset), dataset.page_url, dataset.id, dataset == served.dataset("notes"), hash(dataset)]

    assert shown[1] == f"{served.portal.url}/explore/dataset/notes/"
    assert len(served.portal.requests) == 0


def test_the_description_is_asked_for_once(serve: Serve) -> None:
    served = serve(NOTES)
    dataset = served.dataset("notes")

    assert dataset.info.dataset_id == "notes"
    assert dataset.schema.names == ("genre",)
    assert dataset.info.records_count == 3
    assert served.asked() == ["notes"]


def test_an_unknown_dataset_is_found_out_when_it_is_asked(serve: Serve) -> None:
    dataset = serve(NOTES).dataset("nots")

    with pytest.raises(DatasetNotFoundError, match="no dataset 'nots'") as caught:
        dataset.count()

    assert caught.value.dataset_id == "nots"
    assert caught.value.status_code == 404


def test_an_unknown_dataset_names_what_looks_alike_when_the_listing_is_known(serve: Serve) -> None:
    served = serve(NOTES)
    len(served.catalog)

    with pytest.raises(DatasetNotFoundError, match="Did you mean 'notes'"):
        served.dataset("nots").to_pandas()


def test_rows_are_counted_without_being_read(serve: Serve) -> None:
    served = serve(NOTES)

    assert served.dataset("notes").count() == 3
    assert served.asked("records") == ["notes/records"]
    assert served.portal.requests.to("/records")[0].get("limit") == "0"


def test_the_first_rows_are_one_page(serve: Serve) -> None:
    served = serve("st_arceau_p")

    assert len(served.dataset("st_arceau_p").head()) == 5
    assert len(served.dataset("st_arceau_p").head(12)) == 12
    assert served.asked("parquet") == []


def test_facet_values_are_counted(serve: Serve) -> None:
    dataset = serve(NOTES).dataset("notes")

    assert dataset.facets("genre").to_dict("list") == {"facet": ["genre"], "value": ["Quercus"], "count": [2]}
    with pytest.raises(UnknownFieldError, match="genre"):
        dataset.facets("genres")


@pytest.mark.parametrize("era", ["2021", "2026"])
def test_attachments_are_listed_and_saved_in_both_eras(serve: Serve, tmp_path: Path, era: str) -> None:
    dataset = serve(NOTES, era=era).dataset("notes")

    path = dataset.download_attachment("notes_pdf", tmp_path)

    assert [one.id for one in dataset.attachments] == ["notes_pdf", "evil"]
    assert path == tmp_path / "Notes été.pdf"
    assert path.read_bytes() == b"%PDF-1.4 notes"


def test_an_attachment_stays_in_its_folder_whatever_it_is_called(serve: Serve, tmp_path: Path) -> None:
    dataset = serve(NOTES).dataset("notes")
    folder = tmp_path / "inner"
    folder.mkdir()

    path = dataset.download_attachment("evil", folder)

    assert path.parent == folder
    assert [one.name for one in tmp_path.iterdir()] == ["inner"]


def test_an_attachment_that_is_not_there_is_named(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no attachment 'x'; it has: notes_pdf, evil"):
        serve(NOTES).dataset("notes").download_attachment("x", tmp_path)


def test_a_missing_folder_is_said(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="does not exist"):
        serve(NOTES).dataset("notes").download_attachment("notes_pdf", tmp_path / "no" / "where")


@pytest.mark.parametrize("era", ["2021", "2026"])
def test_the_file_of_a_file_field_is_saved_in_both_eras(serve: Serve, tmp_path: Path, era: str) -> None:
    dataset = serve("stand-in-every-type", era=era).dataset("stand-in-every-type")
    frame = dataset.to_pandas(format="json")
    name = next(one.name for one in dataset.schema if one.type == "file")
    cell = frame[name].dropna().iloc[0]

    path = dataset.download_file(cell, tmp_path)

    assert path.parent == tmp_path
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_dataset_without_a_table_says_what_it_has(serve: Serve) -> None:
    dataset = serve("stand-in-documents").dataset("stand-in-documents")

    with pytest.raises(SchemaError, match="it has no records"):
        dataset.to_pandas()
    assert dataset.attachments


def test_a_dataset_whose_rows_are_not_public_is_refused_and_not_shown_empty(serve: Serve) -> None:
    served = serve("stand-in-not-public")
    dataset = served.dataset("stand-in-not-public")

    for ask in (dataset.to_pandas, dataset.count, dataset.head, lambda: list(dataset.batches())):
        with pytest.raises(AuthenticationError, match="without a key"):
            ask()

    assert set(served.asked()) == {"stand-in-not-public"}


def test_export_formats_are_listed(serve: Serve) -> None:
    formats = serve(NOTES).dataset("notes").export_formats

    assert {"csv", "json", "jsonl", "parquet"} <= set(formats)


@pytest.mark.parametrize("format", ["csv", "json", "jsonl", "parquet"])
def test_the_portals_own_export_is_saved_whole(serve: Serve, tmp_path: Path, format: str) -> None:
    dataset = serve(NOTES).dataset("notes")
    target = tmp_path / f"notes.{format}"
    target.write_text("what was there before")

    path = dataset.download(target, format=format)

    assert path == target
    assert b"Quercus" in target.read_bytes()
    assert [one.name for one in tmp_path.iterdir()] == [target.name]


def test_a_download_needs_its_folder(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="does not exist"):
        serve(NOTES).dataset("notes").download(tmp_path / "no" / "notes.csv", format="csv")


@pytest.mark.parametrize("format", ["../x", "", "a b", 3, "PARQUET", "store", "records", "auto"])
def test_an_impossible_format_is_refused(serve: Serve, tmp_path: Path, format: str) -> None:
    with pytest.raises(ValueError, match="export format"):
        serve(NOTES).dataset("notes").download(tmp_path / "notes", format=format)


def test_what_is_no_catalogue_and_no_settings_is_refused() -> None:
    with pytest.raises(TypeError, match="catalog is a Catalog, not str"):
        Dataset("notes", catalog="opendata.paris.fr")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="settings is a Settings, not dict"):
        Dataset("notes", settings={"offline": True})  # type: ignore[arg-type]


def test_settings_and_a_catalogue_together_are_refused(serve: Serve) -> None:
    catalog = serve(NOTES).catalog

    with pytest.raises(TypeError, match="not both"):
        Dataset("notes", catalog=catalog, settings=Settings())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("notes.pdf", "notes.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("a/b\0c.txt", "b_c.txt"),
        ("..", "fallback"),
        ("", "fallback"),
        (".bashrc", "bashrc"),
        ("été – plan.pdf", "été _ plan.pdf"),
        ("x" * 500 + ".pdf", "x" * 150 + ".pdf"),
    ],
)
def test_a_foreign_name_becomes_a_safe_one(name: str, expected: str) -> None:
    assert safe_name(name, "fallback") == expected


def test_a_dataset_is_never_changed() -> None:
    dataset = Dataset("st_park_p")

    with pytest.raises(AttributeError, match="never changed"):
        dataset.id = "other"
    with pytest.raises(AttributeError, match="never changed"):
        del dataset.id
    assert pickle.loads(pickle.dumps(dataset)) == dataset
    assert copy.deepcopy(dataset).id == "st_park_p"


def test_the_fields_of_a_dataset_are_named_and_completed(serve: Serve) -> None:
    trees = serve("ec_arbre_p").dataset("ec_arbre_p")

    assert trees.where(trees.F.hauteur > 20) == trees.where(F.hauteur > 20)
    assert str(trees.F["genre"] == "Quercus") == str(F.genre == "Quercus")
    assert {"hauteur", "genre"} <= set(dir(trees.F))
    assert list(trees.schema.names) == trees.F._ipython_key_completions_()
    assert "hauteur" in repr(trees.F)
    with pytest.raises(UnknownFieldError, match="hauteur"):
        trees.F.hauteurs  # noqa: B018  naming it is what is refused


def test_completing_fields_is_quiet_where_the_portal_cannot_be_reached() -> None:
    trees = Dataset("ec_arbre_p", settings=Settings(offline=True))

    assert dir(trees.F) == []
    assert "not asked for yet" in repr(trees.F)
