"""Two data sets that no portal has and that give no rows: one whose records are not public, one without a table."""

from __future__ import annotations

from bdxopendata.testing.sample import Attachment, SampleDataset
from bdxopendata.testing.samples.describe import CITIZENS, STREETS, column, dataset

_FIELDS = (column("ident", "text", "Identifiant", facet=True), column("valeur", "int", "Valeur"))

_DOCUMENT = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj
trailer<</Root 1 0 R>>
"""


def not_public() -> SampleDataset:
    """Make a data set whose metadata is public and whose records are not."""
    return dataset(
        "stand-in-not-public",
        _FIELDS,
        [{"ident": f"{number:04}", "valeur": number} for number in range(12)],
        title="Données réservées (jeu d’essai)",
        about=(
            "La description est publique, les enregistrements ne le sont pas.",
            "The description is public, the records are not.",
        ),
        themes=[CITIZENS],
        keywords=["essai", "réservé"],
        data_visible=False,
    )


def no_table() -> SampleDataset:
    """Make a data set without records: a document, a table of codes and a file to be had elsewhere."""
    return dataset(
        "stand-in-documents",
        (),
        [],
        title="Plans et notices (jeu d’essai)",
        about=("Des documents, sans enregistrements.", "Documents, without records."),
        themes=[STREETS],
        keywords=["essai", "documents"],
        has_records=False,
        attachments=(
            Attachment("plan_pdf", "plan d’ensemble.pdf", "application/pdf", _DOCUMENT),
            Attachment("codes_csv", "codes.csv", "text/csv", "\ufeffcode;libellé\r\n01;Été\r\n".encode()),
        ),
        alternative_exports=(
            {
                "id": "plan_dwg",
                "title": "plan.dwg",
                "mimetype": "image/vnd.dwg",
                "url": "https://example.org/DWG/plan.dwg",
                "description": "Plan au format DWG",
            },
        ),
    )
