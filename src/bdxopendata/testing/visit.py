"""One request on its way to its answer, and what the portal is at that moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bdxopendata.testing.bodies import Reply, json_success
from bdxopendata.testing.options import Options
from bdxopendata.testing.parameters import Parameters
from bdxopendata.testing.questions import Asking
from bdxopendata.testing.stock import API, Held, Stock


@dataclass(frozen=True)
class Visit:
    """What an endpoint is given.

    Attributes
    ----------
    parts
        The variable parts of the path, decoded.
    number
        Counts the requests; makes the disorder of one differ from that of the next.
    """

    stock: Stock
    options: Options
    address: str
    parameters: Parameters
    parts: Mapping[str, str]
    number: int

    @cached_property
    def language(self) -> str:
        """The language of the answer."""
        return self.parameters.language(self.options.language)

    @cached_property
    def held(self) -> Held:
        """The dataset that the path names."""
        return self.stock.get(self.parts["dataset_id"])

    @property
    def catalog(self) -> str:
        """Address of the catalogue."""
        return f"{self.address}{API}/catalog"

    def asking(self, held: Held, *, export: bool = False) -> Asking:
        """Make the question that the parameters put to a dataset."""
        return Asking(held, self.parameters, self.options, self.language, export, self.number)

    def json(self, value: Any) -> Reply:
        """Make a JSON answer."""
        return json_success(value, self.language)


def link(rel: str, href: str) -> dict[str, str]:
    """One link."""
    return {"rel": rel, "href": href}
