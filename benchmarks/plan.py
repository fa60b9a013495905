"""The paper plan of docs/scale.md, reckoned from the measured constants: what runs out first when there is more."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from goals import Results, of, per_row

# The catalogue that is planned for. Its largest dataset is like the history, all the others like the trees.
DATASETS = 450
ROWS = 20_000_000
LARGEST = 5_000_000
# A twentieth of the datasets changes a day.
CHANGED = 20
LISTED = 100
QUOTA = 10_000
MBIT = 50
# Memory of one machine.
MACHINE = 16e9

DAY = 86_400
WAYS_OUT = {
    "memory of frames": "`batches`, `to_parquet`, DuckDB",
    "the link and the portal's own export": "partitions by year, dask over the files",
    "calls": "fewer datasets a day, or an API key",
}


@dataclass(frozen=True)
class Constants:
    """What was measured, in bytes and rows a second."""

    wire_history: float
    wire_trees: float
    frame_history: float
    frame_trees: float
    streamed: float
    written_a_second: float
    calls: float

    @classmethod
    def of(cls, results: Results) -> Constants:
        """Take them from a run."""

        def a_row(part: str, name: str, key: str) -> float:
            return of(part, name, key)(results) / of(part, name, "rows")(results)

        frame, points = per_row(results, "ours_frame", "peak"), per_row(results, "ours_cold", "peak", "growth_trees")
        streamed = (of("history", name, "peak")(results) for name in results["parts"]["history"] if name[:4] == "ours")
        return cls(
            wire_history=a_row("history", "ours_batches_parquet", "bytes"),
            wire_trees=a_row("trees", "ours_cold", "bytes"),
            frame_history=frame[max(frame)],
            frame_trees=points[max(points)],
            streamed=max(streamed) * 1e6,
            written_a_second=1 / a_row("history", "ours_to_parquet", "seconds"),
            calls=of("trees", "ours_cold", "requests")(results),
        )


@dataclass(frozen=True)
class Scale:
    """So many times the rows, at so many portals."""

    title: str
    times: int = 1
    portals: int = 1

    @property
    def rows(self) -> int:
        """Rows of all portals."""
        return ROWS * self.times * self.portals

    def wire(self, known: Constants) -> float:
        """Bytes on the wire to have everything once."""
        largest = LARGEST * self.times * self.portals
        return largest * known.wire_history + (self.rows - largest) * known.wire_trees

    def frame(self, known: Constants) -> tuple[float, float]:
        """Memory of the largest dataset as a frame: of plain columns, and of points."""
        return LARGEST * self.times * known.frame_history, LARGEST * self.times * known.frame_trees

    def runs_out(self, known: Constants) -> list[str]:
        """What is not enough."""
        short = {
            "memory of frames": self.frame(known)[1] > MACHINE,
            "the link and the portal's own export": seconds(self.wire(known)) > DAY,
            "calls": first_calls(known) > QUOTA,
        }
        return [what for what, not_enough in short.items() if not_enough]


SCALES = (
    Scale("today"),
    Scale("10 times the rows", times=10),
    Scale("1,000 times the rows", times=1_000),
    Scale("100 portals like it", portals=100),
)


def first_calls(known: Constants) -> int:
    """Calls at one portal to mirror everything once."""
    return ceil(DATASETS / LISTED) + round(known.calls * DATASETS)


def later_calls(known: Constants) -> int:
    """Calls at one portal a day later."""
    return ceil(DATASETS / LISTED) + round(known.calls * ceil(DATASETS / CHANGED))


def seconds(size: float) -> float:
    """How long bytes take over the link."""
    return size * 8 / (MBIT * 1e6)


def plan(results: Results) -> str:
    """The plan, as its premises and a table."""
    known = Constants.of(results)
    a_portal = [" a portal" if scale.portals > 1 else "" for scale in SCALES]
    a_row = SCALES[0].wire(known) / ROWS
    rows = [
        ["rows", *(count(scale.rows) for scale in SCALES)],
        ["first mirror, calls", *(f"{first_calls(known):,}{each}" for each in a_portal)],
        ["a day later, calls", *(f"{later_calls(known):,}{each}" for each in a_portal)],
        ["quota days, first mirror", *(f"{first_calls(known) / QUOTA:.1f}" + (", side by side" if each else "")
                                       for each in a_portal)],
        [f"bytes on the wire, first ({a_row:.0f} a row)",
         *(f"{size(scale.wire(known))}, {duration(seconds(scale.wire(known)))}" for scale in SCALES)],
        ["bytes a day later", *(f"{size(scale.wire(known) / CHANGED)}, {duration(seconds(scale.wire(known) / CHANGED))}"
                                for scale in SCALES)],
        ["disk, the portal's own files as stored", *(size(scale.wire(known)) for scale in SCALES)],
        ["time of one machine to write them, without the link",
         *(duration(scale.rows / known.written_a_second) for scale in SCALES)],
        ["memory, one process that streams", f"{size(known.streamed)}, more for single rows of megabytes",
         *(["the same"] * (len(SCALES) - 1))],
        ["memory for the largest dataset as a frame, plain or of points",
         *(" or ".join(size(one) for one in scale.frame(known)) for scale in SCALES)],
        ["runs out first", *(", ".join(scale.runs_out(known)) or "nothing" for scale in SCALES)],
        ["what then", *("; ".join([WAYS_OUT[one] for one in scale.runs_out(known)]
                                  + ["one mirror a portal, each with its own quota"] * (scale.portals > 1)) or "—"
                        for scale in SCALES)],
    ]  # fmt: skip
    head = ["", *(scale.title for scale in SCALES)]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    link = f"{MBIT} Mbit/s ({size(MBIT * 1e6 / 8 * DAY)} a day)"
    premises = (
        f"A catalogue of {DATASETS} datasets, one in {CHANGED} of which changes a day. The largest has "
        f"{count(LARGEST)} rows like those of the history; the others are like the trees, and all have "
        f"{count(ROWS)}. The quota is taken as {QUOTA:,} calls a day and portal, "
        f"the link as {link}, a machine as {size(MACHINE)} of memory."
    )
    return "\n".join([premises, "", *lines, *("| " + " | ".join(row) + " |" for row in rows)])


def count(number: float) -> str:
    """Word a number of rows."""
    return f"{number / 1e6:,.0f} million"


def size(number: float) -> str:
    """Word a number of bytes."""
    for unit, one in (("TB", 1e12), ("GB", 1e9)):
        if number >= 0.995 * one:
            return f"{number / one:.3g} {unit}"
    return f"{number / 1e6:.0f} MB"


def duration(number: float) -> str:
    """Word a number of seconds."""
    for unit, one in (("day", DAY), ("hour", 3_600), ("minute", 60), ("second", 1)):
        if number >= one:
            amount = f"{number / one:.2g}"
            return f"{amount} {unit}{'' if amount == '1' else 's'}"
    return "less than a second"
