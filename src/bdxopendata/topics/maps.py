"""Maps to move about in: folium's, with texts of the portal that cannot act.

folium is asked for when a map is made, not before; it comes with the extra ``maps``.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from bdxopendata.topics.charts import COLOURS, FAINT, GRADES, OTHERS, say, source
from bdxopendata.topics.labels import label_of, taking

if TYPE_CHECKING:
    import geopandas as gpd

# A pop-up with more lines than this is a page.
MOST_TOLD = 12
# Points are found and hit with a finger.
RADIUS = 5


@taking
def explore_map(
    frame: gpd.GeoDataFrame, columns: Sequence[str] | None = None, *, column: str | None = None, **asked: Any
) -> Any:
    """Show a frame on a map to move about in, with texts that cannot act as HTML.

    Parameters
    ----------
    frame
        Any frame with geometry; its own method ``explore`` shows texts of the portal as the HTML they may be.
    columns
        What tooltips and pop-ups show, by technical names; by default the first columns of the topic that have values.
        They are shown by their labels, in the language of the frame.
    column
        What the colours tell, by its technical name: numbers by a scale, anything else by a legend of its eight most
        frequent values. What is missing is grey.
    asked
        Passed on to `geopandas.GeoDataFrame.explore`; ``tiles=None`` draws no map below, for which nothing is fetched.

    Returns
    -------
    folium.Map
        The map; notebooks show it, and its ``save`` writes it as HTML. Rows without a place are not on it.

    Raises
    ------
    KeyError
        If the frame has no such column.
    ImportError
        If folium is not installed, which draws the map.
    """
    shown = escaped(frame, _told(frame) if columns is None else columns)
    if column is not None:
        asked = {**_coloured(frame, column), **asked}
    if (shown.geom_type == "Point").all():
        asked.setdefault("marker_kwds", {"radius": RADIUS})
    # The stubs know only part of what these take.
    texts: Any = list(shown.columns.drop([shown.geometry.name]))
    drawn = shown.explore(tooltip=texts, popup=texts, **asked)
    _attribute(drawn, source(frame).replace(r"\$", "$"))
    return drawn


def _coloured(frame: gpd.GeoDataFrame, column: str) -> dict[str, Any]:
    """Word for geopandas what the colours tell; texts become inert here too, since a legend is HTML."""
    import pandas as pd

    values = frame.loc[frame.geometry.notna(), column]
    caption = inert(label_of(frame, column))
    missing = {"color": OTHERS, "label": say(frame, "not known", "inconnu")}
    common: dict[str, Any] = {"legend_kwds": {"caption": caption}, "missing_kwds": missing}
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return {"column": values.to_numpy(dtype="float64", na_value=float("nan")), "cmap": "viridis", **common}
    texts = values.map(lambda value: inert(worded(frame, value)), na_action="ignore").astype(object)
    if isinstance(values.dtype, pd.CategoricalDtype) and values.dtype.ordered:
        names = [inert(worded(frame, one)) for one in values.cat.categories]
        colours: Any = list(GRADES) if len(names) == len(GRADES) else "YlOrRd"
        return {"column": texts, "categorical": True, "categories": names, "cmap": colours, **common}
    frequent = texts.value_counts().index
    names, colours = sorted(frequent), list(COLOURS[: len(frequent)])
    if len(frequent) > len(COLOURS):
        # More colours than these cannot be told apart.
        others = say(frame, "others", "autres")
        names, colours = [*sorted(frequent[: len(COLOURS)]), others], [*COLOURS, FAINT]
        texts = texts.where(texts.isin(names) | texts.isna(), others)
    return {"column": texts, "categorical": True, "categories": names, "cmap": colours, **common}


def _attribute(drawn: Any, text: str) -> None:
    """Name the source in the corner of a map, where maps name theirs, as text that cannot act as HTML."""
    import folium

    # It ships types, but for this.
    make: Any = folium.MacroElement
    said = make()
    # The text is a value of the template, never a part of it.
    said._template = folium.Element(_SOURCE)._template
    said.text = inert(text)
    drawn.add_child(said)


_SOURCE = (
    "{% macro script(this, kwargs) %}"
    "{{ this._parent.get_name() }}.attributionControl.addAttribution({{ this.text | tojson }});"
    # The scale stands in the other corner, and a legend above both.
    "{{ this._parent.get_name() }}.attributionControl.getContainer().style.maxWidth = '75vw';"
    "document.querySelectorAll('.maplegend').forEach(one => { one.style.bottom = '80px'; });"
    "{% endmacro %}"
)


def _told(frame: gpd.GeoDataFrame) -> list[str]:
    """Choose what a map tells of each row: columns of the topic before the portal's, but for those without values."""
    names = [str(name) for name in frame.columns if name != frame.geometry.name and frame[name].dtype != "geometry"]
    own = names[: names.index("dataset")] if "dataset" in names else names
    return [name for name in own if frame[name].notna().any()][:MOST_TOLD]


def worded(frame: gpd.GeoDataFrame, value: Any) -> str:
    """Word a value as people read it: no more digits than they want, no fractions of a second, yes and no."""
    import pandas as pd

    if isinstance(value, bool):
        return say(frame, "yes", "oui") if value else say(frame, "no", "non")
    if isinstance(value, float):
        short = f"{round(value, 4):.15g}"
        return say(frame, short, short.replace(".", ","))
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}" if value == value.normalize() else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, pd.Timedelta):
        return str(value.round("s"))
    return str(value)


def inert(text: str) -> str:
    """Make of a text what shows it in a page, and is neither mark-up nor a template.

    What draws the map puts its texts through a template engine, which would run what stands in double braces.
    """
    return escape(text).replace("{", "&#123;").replace("}", "&#125;")


def escaped(frame: gpd.GeoDataFrame, columns: Sequence[str]) -> gpd.GeoDataFrame:
    """Keep these columns and the geometry, every value as text without any mark-up, rows without a place left out."""
    known: gpd.GeoDataFrame = frame.loc[frame.geometry.notna(), [*columns, frame.geometry.name]].copy()
    names = {name: inert(label_of(frame, str(name))) for name in columns}
    # Two columns of a table cannot be called the same.
    doubled = {label for label in names.values() if list(names.values()).count(label) > 1}
    known = known.rename(columns={name: label for name, label in names.items() if label not in doubled})
    for name in known.columns.drop([frame.geometry.name]):
        known[name] = known[name].map(lambda value: inert(worded(frame, value)), na_action="ignore").astype(object)
    return known
