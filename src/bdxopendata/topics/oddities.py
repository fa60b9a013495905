"""What is odd about rows, told in a column: no row is dropped for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def tell(index: pd.Index, odd: Mapping[str, pd.Series]) -> pd.Series:
    """Join, for each row, the texts whose condition holds.

    Parameters
    ----------
    index
        Of the frame.
    odd
        Conditions (missing means no) by the text that tells of them.

    Returns
    -------
    pandas.Series
        Texts joined by ``"; "``; missing where nothing is odd.
    """
    import pandas as pd

    from bdxopendata.topics.casts import TEXT

    texts = pd.Series("", index=index)
    for text, where in odd.items():
        texts = texts.mask(where.fillna(False).astype(bool), texts + text + "; ")
    return texts.str.removesuffix("; ").replace("", None).astype(TEXT)
