"""What the study knows of whom a survey is about: ids, storeys, years, flats, outlines, and the findings it has."""

from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from geo.schema import SUBJECTS
from geo.standards.indicators import Catalogue, Code
from geo.study import Study
from geo.survey.forms import study_bounds

DWELLING_USES = ("residential", "mixed", "unknown")
"""Uses of buildings that a survey of dwellings looks at; so it does at those of unknown use."""

_STOREY_M, _MOST_FLOORS = 3.3, 40.0


@dataclass(frozen=True)
class Known:
    """A study and a catalogue, as the checks of a survey ask them; `today` is the latest day ("" for any)."""

    study: Study
    catalogue: Catalogue
    today: str = ""

    def table(self, subject: str) -> gpd.GeoDataFrame | None:
        """Return the study's table of a kind of subject; None for the town, and where it has none."""
        return None if subject == "town" else self.study.get(f"{subject}s")

    @cached_property
    def ids(self) -> dict[str, pd.Index]:
        """Subject → its ids."""
        tables = {subject: self.table(subject) for subject in SUBJECTS}
        return {
            subject: pd.Index(["town"] if subject == "town" else [] if frame is None else frame.index, dtype="object")
            for subject, frame in tables.items()
        }

    def at(self, subject: str, ids: NDArray[np.object_]) -> NDArray[np.intp]:
        """Return the positions of ids in the table of a subject, -1 where it has none."""
        return np.asarray(self.ids[subject].get_indexer(pd.Index(ids, dtype="object")), dtype=np.intp)

    def number(self, subject: str, column: str, at: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return a numeric column of subjects at these positions; NaN where unknown."""
        frame = self.table(subject)
        if frame is None or column not in frame or frame.empty:
            return np.full(len(at), np.nan)
        values = frame[column].astype("float64").to_numpy()
        return np.where(at >= 0, values[at], np.nan)

    def outlines(self, subject: str, at: NDArray[np.intp]) -> NDArray[np.object_]:
        """Return the outlines of subjects at these positions; None where there is none."""
        frame = self.table(subject)
        if frame is None or frame.empty:
            return np.full(len(at), None, dtype=object)
        shapes: NDArray[np.object_] = frame.geometry.to_numpy()[at]
        shapes[at < 0] = None
        return shapes

    def middles(self, subject: str, at: NDArray[np.intp]) -> NDArray[np.object_]:
        """Return a point inside each subject at these positions: where a finding lies of which nobody says more."""
        if subject == "town":
            bounds = study_bounds(self.study, 0.0)
            middle = shapely.Point(0, 0) if bounds is None else shapely.box(*bounds).centroid
            area = self.study.get("study_area")
            if area is not None and not area.empty:
                middle = shapely.point_on_surface(shapely.union_all(area.geometry.to_numpy()))
            return np.full(len(at), middle, dtype=object)
        used, back = np.unique(at, return_inverse=True)
        return np.asarray(shapely.point_on_surface(self.outlines(subject, used)))[back]

    def most_m2(self, subject: str, at: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the area no finding is larger than [m²]: a building's floors and envelope, or the subject."""
        if subject == "town":
            return np.full(len(at), np.inf)
        outlines = self.outlines(subject, at)
        area = shapely.area(outlines)
        if subject != "building":
            return np.where(np.isnan(area), np.inf, area)
        floors = self.number(subject, "floors", at)
        floors = np.where(np.isnan(floors), _MOST_FLOORS, np.maximum(floors, 1))
        return area * (floors + 2) + shapely.length(outlines) * (floors + 1) * _STOREY_M

    def not_applicable(self, code: Code, subject: str, at: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return where the question of a code cannot arise, by storeys and year; unknown ones may."""
        out = np.zeros(len(at), dtype=bool)
        if subject != "building":
            return out
        floors, year = self.number(subject, "floors", at), self.number(subject, "year_built", at)
        if code.min_floors is not None:
            out |= floors < code.min_floors
        if code.max_floors is not None:
            out |= floors > code.max_floors
        if code.built_before is not None:
            out |= year > code.built_before
        if code.built_after is not None:
            out |= year <= code.built_after
        return out

    @cached_property
    def bounds(self) -> tuple[float, float, float, float] | None:
        """The extent in which findings may lie [m]."""
        return study_bounds(self.study)

    @cached_property
    def findings(self) -> gpd.GeoDataFrame | None:
        """The findings that the study has."""
        found = self.study.get("findings")
        return None if found is None or found.empty else found

    def projected(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return coordinates in the study's CRS [m]: those that can only be degrees are taken as WGS 84."""
        degrees = (np.abs(x) <= 180) & (np.abs(y) <= 90) & ~self.inside(x, y)
        if not degrees.any():
            return x, y
        change = Transformer.from_crs(4326, self.study.crs, always_xy=True)
        x, y = x.copy(), y.copy()
        x[degrees], y[degrees] = change.transform(x[degrees], y[degrees])
        return x, y

    def inside(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which points lie in the study's extent."""
        if self.bounds is None:
            return np.isfinite(x) & np.isfinite(y)
        west, south, east, north = self.bounds
        return (x >= west) & (x <= east) & (y >= south) & (y <= north)
