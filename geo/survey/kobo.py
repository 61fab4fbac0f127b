"""Surveys from phones: CSV and GeoJSON as KoboToolbox and its like export them."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict


class SurveyMapping(BaseModel):
    """Which column of a CSV or GeoJSON is what, where its names do not say.

    Attributes
    ----------
    rows : str
        What a row is: one `subject` with its answers, or one `finding`; `auto`: a finding when there is a code column.
    subject : str
        What the rows are about, when no column says it.
    columns : mapping of str to str
        Our column or code → theirs.
    values : mapping of str to mapping of str to str
        Our column → their value → ours.
    options : mapping of str to tuple of str
        Their select_multiple column → the codes that it offers: those not chosen are clear.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: Literal["auto", "subject", "finding"] = "auto"
    subject: Literal["building", "estate", "unit", "block", "town"] = "building"
    columns: Mapping[str, str] = {}
    values: Mapping[str, Mapping[str, str]] = {}
    options: Mapping[str, tuple[str, ...]] = {}
