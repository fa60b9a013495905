"""The open data of Bordeaux Métropole as typed pandas and GeoPandas frames.

Public names are resolved when they are first used, so that ``import bdxopendata`` loads neither pandas nor a network
library; nothing is defined here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bdxopendata.logs import quieten as _quieten
from bdxopendata.version import __version__

if TYPE_CHECKING:
    from bdxopendata import store as store
    from bdxopendata.catalog import Catalog as Catalog
    from bdxopendata.config import Settings as Settings
    from bdxopendata.config import show_settings as show_settings
    from bdxopendata.dataset import Dataset as Dataset
    from bdxopendata.dataset_list import DatasetList as DatasetList
    from bdxopendata.errors import AlreadyRecordingError as AlreadyRecordingError
    from bdxopendata.errors import ApiDeprecationWarning as ApiDeprecationWarning
    from bdxopendata.errors import AuthenticationError as AuthenticationError
    from bdxopendata.errors import BdxOpenDataError as BdxOpenDataError
    from bdxopendata.errors import BdxOpenDataWarning as BdxOpenDataWarning
    from bdxopendata.errors import ConfigurationError as ConfigurationError
    from bdxopendata.errors import DataQualityWarning as DataQualityWarning
    from bdxopendata.errors import DatasetChangedError as DatasetChangedError
    from bdxopendata.errors import DatasetNotFoundError as DatasetNotFoundError
    from bdxopendata.errors import DeadlineExceededError as DeadlineExceededError
    from bdxopendata.errors import FarAwayWarning as FarAwayWarning
    from bdxopendata.errors import IncompleteDataError as IncompleteDataError
    from bdxopendata.errors import NetworkError as NetworkError
    from bdxopendata.errors import OfflineError as OfflineError
    from bdxopendata.errors import PortalError as PortalError
    from bdxopendata.errors import QueryError as QueryError
    from bdxopendata.errors import QuotaExceededError as QuotaExceededError
    from bdxopendata.errors import QuotaWarning as QuotaWarning
    from bdxopendata.errors import SchemaDriftError as SchemaDriftError
    from bdxopendata.errors import SchemaDriftWarning as SchemaDriftWarning
    from bdxopendata.errors import SchemaError as SchemaError
    from bdxopendata.errors import ServerError as ServerError
    from bdxopendata.errors import StaleDataWarning as StaleDataWarning
    from bdxopendata.errors import TopicNotFoundError as TopicNotFoundError
    from bdxopendata.errors import UnexpectedAnswerError as UnexpectedAnswerError
    from bdxopendata.errors import UnknownFieldError as UnknownFieldError
    from bdxopendata.fields import Field as Field
    from bdxopendata.fields import Schema as Schema
    from bdxopendata.lineage import Provenance as Provenance
    from bdxopendata.lineage import cite as cite
    from bdxopendata.lineage import provenance as provenance
    from bdxopendata.metadata import Attachment as Attachment
    from bdxopendata.metadata import DatasetInfo as DatasetInfo
    from bdxopendata.odsql import F as F
    from bdxopendata.odsql import agg as agg
    from bdxopendata.portals import BORDEAUX as BORDEAUX
    from bdxopendata.portals import Portal as Portal
    from bdxopendata.query import Query as Query
    from bdxopendata.saving import load as load
    from bdxopendata.saving import save as save
    from bdxopendata.topics import places as places
    from bdxopendata.topics.bikes import bikes as bikes
    from bdxopendata.topics.births import births as births
    from bdxopendata.topics.births import deaths as deaths
    from bdxopendata.topics.births import first_names as first_names
    from bdxopendata.topics.births import population_change as population_change
    from bdxopendata.topics.bridge import bridge_closures as bridge_closures
    from bdxopendata.topics.bridge import bridge_state as bridge_state
    from bdxopendata.topics.facilities import facilities as facilities
    from bdxopendata.topics.labels import labels as labels
    from bdxopendata.topics.maps import explore_map as explore_map
    from bdxopendata.topics.parking import parking as parking
    from bdxopendata.topics.pools import pools as pools
    from bdxopendata.topics.recorded import history as history
    from bdxopendata.topics.recording import record as record
    from bdxopendata.topics.subsidies import subsidies as subsidies
    from bdxopendata.topics.traffic import traffic as traffic
    from bdxopendata.topics.trees import trees as trees
    from bdxopendata.topics.waste import waste_collection as waste_collection
    from bdxopendata.topics.watching import watch as watch
    from bdxopendata.topics.works import works as works
    from bdxopendata.transport import Quota as Quota
    from bdxopendata.transport import last_quota

    quota = last_quota

_quieten()

# Public name -> the module that has it, and its name there. A name without a module is a module itself.
_ERRORS = (
    "AlreadyRecordingError",
    "ApiDeprecationWarning",
    "AuthenticationError",
    "BdxOpenDataError",
    "BdxOpenDataWarning",
    "ConfigurationError",
    "DataQualityWarning",
    "DatasetChangedError",
    "DatasetNotFoundError",
    "DeadlineExceededError",
    "FarAwayWarning",
    "IncompleteDataError",
    "NetworkError",
    "OfflineError",
    "PortalError",
    "QueryError",
    "QuotaExceededError",
    "QuotaWarning",
    "SchemaDriftError",
    "SchemaDriftWarning",
    "SchemaError",
    "ServerError",
    "StaleDataWarning",
    "TopicNotFoundError",
    "UnexpectedAnswerError",
    "UnknownFieldError",
)
_HOMES: dict[str, tuple[str, str]] = {
    **{name: ("errors", name) for name in _ERRORS},
    "Catalog": ("catalog", "Catalog"),
    "DatasetList": ("dataset_list", "DatasetList"),
    "Settings": ("config", "Settings"),
    "show_settings": ("config", "show_settings"),
    "Dataset": ("dataset", "Dataset"),
    "Field": ("fields", "Field"),
    "Schema": ("fields", "Schema"),
    "Attachment": ("metadata", "Attachment"),
    "DatasetInfo": ("metadata", "DatasetInfo"),
    "F": ("odsql", "F"),
    "agg": ("odsql", "agg"),
    "BORDEAUX": ("portals", "BORDEAUX"),
    "Portal": ("portals", "Portal"),
    "Provenance": ("lineage", "Provenance"),
    "cite": ("lineage", "cite"),
    "provenance": ("lineage", "provenance"),
    "Query": ("query", "Query"),
    "Quota": ("transport", "Quota"),
    "quota": ("transport", "last_quota"),
    "load": ("saving", "load"),
    "save": ("saving", "save"),
    "store": ("store", ""),
    "bikes": ("topics.bikes", "bikes"),
    "births": ("topics.births", "births"),
    "bridge_closures": ("topics.bridge", "bridge_closures"),
    "bridge_state": ("topics.bridge", "bridge_state"),
    "deaths": ("topics.births", "deaths"),
    "explore_map": ("topics.maps", "explore_map"),
    "facilities": ("topics.facilities", "facilities"),
    "first_names": ("topics.births", "first_names"),
    "history": ("topics.recorded", "history"),
    "labels": ("topics.labels", "labels"),
    "parking": ("topics.parking", "parking"),
    "places": ("topics.places", ""),
    "pools": ("topics.pools", "pools"),
    "population_change": ("topics.births", "population_change"),
    "record": ("topics.recording", "record"),
    "subsidies": ("topics.subsidies", "subsidies"),
    "traffic": ("topics.traffic", "traffic"),
    "trees": ("topics.trees", "trees"),
    "waste_collection": ("topics.waste", "waste_collection"),
    "watch": ("topics.watching", "watch"),
    "works": ("topics.works", "works"),
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'bdxopendata' has no attribute {name!r}")
    module, inner = _HOMES[name]
    home = import_module(f"bdxopendata.{module}")
    value: Any = getattr(home, inner) if inner else home
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
