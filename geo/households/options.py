"""What is assumed about households where nothing better is known, and where each assumption comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

import numpy as np

from geo.errors import Fault, InputError

SOURCES = ("building", "block", "estate", "census", "community", "raster", "floor_area", "household_size", "none")
"""Where a number comes from. `household_size` is a source of people only: assumed from known households."""

_PROVENANCE = {
    "household_size": (
        "第七次全国人口普查公报(第二号),2021年:平均每个家庭户2.62人",
        "China's 2020 census, communiqué no. 2 (2021): 2.62 people per family household",
    ),
    "occupancy": (
        "中国家庭金融调查2017年:城镇住房约22%空置",
        "China Household Finance Survey 2017: about 22 % of urban dwellings stand empty",
    ),
    "flat_m2": (
        "《中国人口普查年鉴2020》:城市家庭户户均住房建筑面积92.17平方米",
        "China Population Census Yearbook 2020: 92.17 m² gross per household in cities",
    ),
    "house_m2": (
        "《中国人口普查年鉴2020》:全国家庭户户均住房建筑面积111.18平方米",
        "China Population Census Yearbook 2020: 111.18 m² gross per household nationwide",
    ),
}


@dataclass(frozen=True)
class HouseholdOptions:
    """Assumptions used where nothing better is known, and which total wins when two disagree."""

    household_size: float = 2.62
    """People per household. Default: China's 2020 census."""
    occupancy: float = 0.78
    """Households per dwelling. Default: the China Household Finance Survey of 2017 found about 22 % empty."""
    flat_m2: float = 92.0
    """Gross floor area [m²] per dwelling in buildings above `house_floors` storeys (2020 census, cities: 92.17)."""
    house_m2: float = 111.0
    """Gross floor area [m²] per dwelling in lower buildings (2020 census, national mean: 111.18)."""
    house_floors: float = 3.0
    """Storeys up to which a building is a house rather than flats."""
    storey_m: float = 3.0
    """Height of a storey [m], to make storeys of a known height."""
    default_floors: float = 3.0
    """Storeys of a building when neither it nor any like it tells them."""
    mixed_share: float = 0.8
    """Share (0 to 1) of a mixed building's floor area that is lived in."""
    unknown_is_home: bool = True
    """Whether a building of unknown use counts as residential."""
    smallest_home_m2: float = 20.0
    """Footprint [m²] below which a building of unknown use is a shed."""
    trust: Literal["communities", "census"] = "communities"
    """Which totals win where census areas and communities contradict each other: `communities` keeps the communities'
    totals and uses the census as the pattern inside them, `census` keeps the census areas' and reports the rest."""
    whole_share: float = 0.95
    """Share (0 to 1) of an area that must lie inside the blocks for its total to be used whole; of other areas only
    the part inside is used, by the raster or by area."""
    nearest_m: float = 100.0
    """How far from any block [m] a building may lie and still belong to the nearest; beyond, it is outside."""
    estimate: bool = True
    """Whether floor area may stand in where nothing is known; otherwise such numbers stay missing."""
    measured: bool = True
    """Whether household_size, occupancy, flat_m2 and house_m2, where left at their defaults, give way to the ratio
    measured in this town when at least 30 of its buildings tell it. Reported like every assumption."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where values of your own come from, by the option's name: shown in the repairs beside the value."""

    def __post_init__(self) -> None:
        faults = []
        for option in fields(self):
            value = getattr(self, option.name)
            share = option.name in ("mixed_share", "whole_share")
            if option.type is not float and option.type != "float":
                continue
            least_ok = value >= 0 if option.name in ("nearest_m", "smallest_home_m2", "house_floors") else value > 0
            if not (np.isfinite(value) and least_ok and (value <= 1 or not share)):
                wanted = "a share above 0, up to 1" if share else "a positive number"
                faults.append(Fault(f"the option {option.name} is {value!r}", f"give {wanted}"))
        if self.trust not in ("communities", "census"):
            faults.append(Fault(f"the option trust is {self.trust!r}", "use 'communities' or 'census'"))
        if faults:
            raise InputError(faults)

    def provenance(self, name: str) -> tuple[str, str]:
        """Return where the value of the option `name` comes from, in Chinese and English."""
        if name in self.sources:
            return self.sources[name], self.sources[name]
        default = next(option.default for option in fields(self) if option.name == name)
        if getattr(self, name) != default:
            return "由用户设定,未注明来源", "set by the user, no source given"
        return _PROVENANCE.get(name, ("常用取值,应以当地数据核定", "a usual value; check it against local data"))
