"""Conflicts on towns small enough to try every division, their sentences in both languages, and their size."""

import itertools
from collections.abc import Iterable, Iterator, Sequence

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InputError
from geo.partition.atoms import Town, build_town
from geo.partition.plan import PlanOptions
from geo.partition.refusal.conflicts import CERTAINTY, Conflict, find_conflicts
from geo.partition.refusal.demands import demands_of
from geo.standards import Profile
from tests.geo.partition.towns import grid, register

PROFILE = Profile(
    name="test", title_zh="试验", title_en="Test", edition="1", min_households=200, target_households=300,
    max_households=400, source="hand",
)  # fmt: skip


def town_of(tables: tuple[gpd.GeoDataFrame, ...], known: gpd.GeoDataFrame | None = None, **said: object) -> Town:
    return build_town(tables[0], tables[1], known, profile=PROFILE, options=PlanOptions.read(said))


def only(town: Town) -> Conflict:
    """Return the one conflict of a town."""
    (one,) = find_conflicts(town, thorough=True)
    return one


def ids(conflict: Conflict) -> set[str]:
    return {demand.id for demand in conflict.demands}


# 1. Every division of a small town: what the conflicts are held against


class Every:
    """All divisions of a town of a few blocks, and which demands each of them breaks."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.demands = {demand.id: demand for demand in demands_of(town)}
        self.seams = list(zip(town.seam_a.tolist(), town.seam_b.tolist(), strict=True))
        self.links: dict[frozenset[tuple[int, int]], nx.Graph] = {}
        self.known: dict[tuple[frozenset[tuple[int, int]], frozenset[int]], bool] = {}
        self.divisions = [(parts, self.broken(parts)) for parts in _divisions(list(range(len(town.block_ids))))]

    def one_piece(self, part: frozenset[int], seams: frozenset[tuple[int, int]]) -> bool:
        key = (seams, part)
        if key not in self.known:
            graph = self.links.setdefault(seams, nx.Graph([*seams, *((b, b) for b in range(len(self.town.block_ids)))]))
            self.known[key] = nx.is_connected(graph.subgraph(part))
        return self.known[key]

    def broken(self, parts: Sequence[frozenset[int]]) -> frozenset[str]:
        """Return the demands that a division breaks whatever else is asked; `pieces` where a community is not one."""
        town, limits = self.town, self.town.limits
        of = {block: number for number, part in enumerate(parts) for block in part}
        found = set()
        for name, demand in self.demands.items():
            held = any(len({of[b] for b in group}) > 1 for group in demand.held)
            united = any(of[a] == of[b] for a, b in demand.parted)
            stays = demand.kind == "as_is" and frozenset(np.flatnonzero(town.old == demand.at).tolist()) not in parts
            if (held and demand.kind != "as_is") or united or stays:
                found.add(name)
            loads = [int((town.people if "people" in name else town.households)[sorted(p)].sum()) for p in parts]
            if demand.kind.startswith("max") and max(loads) > getattr(limits, demand.kind):
                found.add(name)
            if demand.kind == "min_people" and min(loads) < (limits.min_people or 0):
                found.add(name)
        if "k" in self.demands and len(parts) != town.options.k:
            found.add("k")
        if any(len(set(town.town[sorted(part)].tolist())) > 1 for part in parts):
            found.add("town")
        whole = {
            frozenset(np.flatnonzero(town.old == d.at).tolist()) for d in self.demands.values() if d.kind == "as_is"
        }
        every = frozenset(self.seams)
        if not all(self.one_piece(part, every) for part in parts if part not in whole):
            found.add("pieces")
        return frozenset(found)

    def feasible(self, asked: Iterable[str]) -> bool:
        """Return whether some division keeps these demands."""
        asked = frozenset(asked)
        return any(not broken & (asked | {"pieces"}) and self.keeps(parts, asked) for parts, broken in self.divisions)

    def keeps(self, parts: Sequence[frozenset[int]], asked: frozenset[str]) -> bool:
        """Return whether a division keeps what depends on several demands: the minimum, pieces, labels, touching."""
        town = self.town
        crossed = {
            pair for name in asked for pair in self.demands[name].parted if self.demands[name].kind == "forbid_cross"
        }
        near = [
            (a, b) for a, b in self.seams
            if (a, b) not in crossed and (b, a) not in crossed and ("town" not in asked or town.town[a] == town.town[b])
        ]  # fmt: skip
        fixed = {frozenset(np.flatnonzero(town.old == self.demands[n].at).tolist()) for n in asked
                 if self.demands[n].kind == "as_is"}  # fmt: skip
        settled = frozenset().union(*fixed)
        links = frozenset((a, b) for a, b in near if a not in settled and b not in settled)
        if not all(self.one_piece(part, links) for part in parts if part not in fixed):
            return False
        if "min_households" in asked:
            graph = nx.Graph([*links, *((b, b) for b in range(len(town.block_ids)))])
            islands = [] if "islands" in asked else [frozenset(piece) for piece in nx.connected_components(graph)]
            small = [p for p in parts if town.households[sorted(p)].sum() < town.limits.min_households]
            if any(part not in islands or part in fixed for part in small):
                return False
        of = {block: number for number, part in enumerate(parts) for block in part}
        labels = {old for name in asked for old in self.demands[name].labels}
        home = {old: of[int(town.anchor[town.labels.index(old)])] for old in labels}
        if len(set(home.values())) < len(home):
            return False
        shun = {(home[a], home[b]) for name in asked for a, b in self.demands[name].shun}
        touching = itertools.compress(self.seams, town.touching.tolist())
        return not any((of[a], of[b]) in shun or (of[b], of[a]) in shun for a, b in touching)

    def conflicts(self, size: int) -> list[frozenset[str]]:
        """Return all sets of at most so many demands that no division keeps."""
        return [
            frozenset(some) for n in range(size + 1) for some in itertools.combinations(self.demands, n)
            if not self.feasible(some)
        ]  # fmt: skip


def _divisions(blocks: list[int]) -> Iterator[list[frozenset[int]]]:
    if not blocks:
        yield []
        return
    first, rest = blocks[0], blocks[1:]
    for parts in _divisions(rest):
        yield [frozenset({first}), *parts]
        for i, part in enumerate(parts):
            yield [*parts[:i], part | {first}, *parts[i + 1 :]]


def check_minimal(town: Town) -> list[Conflict]:
    """Return the conflicts of a town, each of them held against every division."""
    every = Every(town)
    found = list(find_conflicts(town, thorough=True))
    assert bool(found) != every.feasible(every.demands), [sorted(ids(one)) for one in found]
    for one in found:
        assert not every.feasible(ids(one)), sorted(ids(one))
        for name in ids(one) if one.certainty != "proven" else ():
            assert every.feasible(ids(one) - {name}), (sorted(ids(one)), name)
        if one.certainty == "smallest":
            assert not every.conflicts(len(one.demands) - 1), sorted(ids(one))
    return found


# 2. One town for every kind of conflict


def test_a_village_above_the_maximum() -> None:
    town = town_of(grid([[100] * 8], communities=["VVVVVAAA"]), register({"A": "community", "V": "village"}))
    one = only(town)
    assert ids(one) == {"max_households", "whole:V"}
    assert one.text_en == "Village Vville (V) is kept whole and has 500 households; the maximum is 400."
    assert one.text_zh == "V社(V)保持完整,有500户,上限是400户。"
    assert one.ids == ("0-0", "0-1", "0-2", "0-3", "0-4")
    assert one.certainty == "smallest"
    assert set(CERTAINTY) == {"smallest", "irreducible", "proven", "not_found"}
    check_minimal(town)


def test_only_what_is_needed_to_be_too_large_is_named() -> None:
    """Estate G (100 and 150), the village V (150 and 100) beside it, and a lock on their inner blocks: 500 of at most
    400. Without the village 400 are left, without the estate too. Estate H elsewhere has nothing to do with it."""
    tables = grid([[100, 150, 150, 100, 50, 50]], communities=["AAVVBB"], people=1,
                  groups={"0-0": "G", "0-1": "G", "0-4": "H", "0-5": "H"})  # fmt: skip
    known = register({"A": "community", "V": "village", "B": "community"})
    town = town_of(tables, known, max_people=5000, locks=[{"kind": "together", "ids": ["0-1", "0-2"], "of": "blocks"}])
    one = only(town)
    assert ids(one) == {"max_households", "whole:V", "estate:G", "lock:0"}
    assert one.text_en == (
        "Village Vville (V) with estate G with blocks 0-1, 0-2 are kept together and have 500 households; the maximum "
        "is 400."
    )
    assert one.text_zh == "V社(V)与小区G与地块0-1、0-2应在一起,有500户,上限是400户。"
    check_minimal(town)


def test_a_proof_that_looks_deeper_needs_fewer_rules() -> None:
    """A (its heart is block 0-0, 218) must have block 0-2. With its estate that is 258 at once; but also without the
    estate, since the way there leads through another block."""
    tables = grid([[218, 20, 20], [20, 20, 20]], communities=["AAA", "AAA"], groups={"0-0": "G", "1-0": "G"})
    has = {"kind": "has", "community": "A", "ids": ["0-2"]}
    town = town_of(tables, min_households=0, max_households=241, conditions=[has])
    one = only(town)
    assert ids(one) == {"max_households", "condition:0"}
    check_minimal(town)


def test_every_village_too_large_is_a_conflict_of_its_own() -> None:
    town = town_of(grid([[500, 10, 300, 300]], communities=["VVWW"]), register({"V": "village", "W": "village"}),
                   max_households=505)  # fmt: skip
    found = check_minimal(town)
    assert [ids(one) for one in found] == [{"max_households", "whole:V"}, {"max_households", "whole:W"}]


def test_what_is_held_together_and_kept_apart() -> None:
    railway = {"rule": "forbid_cross", "feature_class": "railway"}
    tables = grid([[100] * 6], groups={"0-2": "锦园", "0-3": "锦园"}, features={("v", "3"): ("railway", "京广线")})
    one = only(town_of(tables, seams=[railway]))
    assert ids(one) == {"estate:锦园", "seam:0"}
    assert one.text_en == (
        "Estate 锦园 is kept together, but no community may span 京广线, which runs between blocks 0-2 and 0-3."
    )
    assert one.text_zh == "小区锦园应在一起,但地块0-2与地块0-3之间是任何社区都不得跨越的京广线。"
    check_minimal(town_of(tables, seams=[railway]))


def test_an_estate_in_two_towns_is_a_matter_of_law() -> None:
    tables = grid([[100] * 6], communities=["AAABBB"], groups={"0-2": "锦园", "0-3": "锦园"})
    town = town_of(tables, register({"A": "community", "B": "community"}, town=["东镇", "西镇"]))
    one = only(town)
    assert ids(one) == {"estate:锦园", "town"}
    assert [demand.law for demand in one.demands] == [False, True]
    assert "the limit of two towns runs between blocks 0-2 and 0-3" in one.text_en
    assert "之间是乡镇街道界" in one.text_zh
    check_minimal(town)


def test_what_stays_as_it_is_is_outside_the_limits() -> None:
    tables = grid([[100] * 8], communities=["AAAAAABB"])
    one = only(town_of(tables, locks=[{"kind": "as_is", "ids": ["A"]}]))
    assert ids(one) == {"max_households", "as_is:A"}
    assert one.text_en == "Community A stays as it is and has 600 households; the maximum is 400."
    assert one.text_zh == "社区(A)保持原状,有600户,上限是400户。"
    one, *_ = check_minimal(town_of(tables, min_households=250, locks=[{"kind": "as_is", "ids": ["B"]}]))
    assert ids(one) == {"min_households", "as_is:B"}
    assert "has 200 households; the minimum is 250" in one.text_en
    assert "有200户,下限是250户" in one.text_zh


def test_a_small_part_and_what_cuts_it_off() -> None:
    water = town_of(grid([[100, 100, 100], [None] * 3, [50, None, None]]))
    one = only(water)
    assert ids(one) == {"min_households", "islands"}
    assert one.text_en == (
        "The part around block 2-0 (1 blocks, cut off from the rest) has 50 households in all; the minimum for one "
        "community is 200. Allow islands to accept it as a community of its own."
    )
    assert "与其余部分隔断" in one.text_zh
    river = town_of(grid([[100, 50, 200, 200]], features={("v", "2"): ("river", "清河")}),
                    seams=[{"rule": "forbid_cross", "feature_class": "river"}])  # fmt: skip
    one = only(river)
    assert ids(one) == {"min_households", "islands", "seam:0"}
    assert "cut off from the rest: no community spans river" in one.text_en
    assert "因社区不跨越河流" in one.text_zh
    for town in (water, river):
        check_minimal(town)


def test_a_whole_town_that_is_too_small_or_that_no_number_divides() -> None:
    one = only(town_of(grid([[50, 50]])))
    assert one.text_en.startswith("The town has 100 households in all; the minimum for one community is 200.")
    one = only(town_of(grid([[150, 150, 150]]), min_households=300))
    assert ids(one) == {"min_households", "max_households"}
    assert one.text_en == (
        "The town has 450 households, which no number of communities divides: one community of 450 is above the "
        "maximum of 400, the average of 2 communities, 225, is below the minimum of 300."
    )
    assert one.text_zh == "全域有450户,分成几个社区都不行:一个社区450户,超过上限400;2个社区平均225户,低于下限300。"
    check_minimal(town_of(grid([[150, 150, 150]]), min_households=300))


def test_people_and_households_ask_for_different_numbers() -> None:
    town = town_of(grid([[100] * 6], people=5), max_people=700)
    one = only(town)
    assert ids(one) == {"min_households", "max_people"}
    assert one.text_en == (
        "The town has 600 households and 3,000 people: the maxima ask for at least 5 communities, the minima for at "
        "most 3."
    )
    assert "按上限至少5个社区,按下限至多3个" in one.text_zh
    check_minimal(town)


def test_a_number_of_communities_that_the_limits_or_the_units_do_not_allow() -> None:
    town = town_of(grid([[100] * 8]), k=7)
    one = only(town)
    assert ids(one) == {"min_households", "k"}
    assert one.text_en == ("k = 7 communities are asked for, but 800 households within 200 to 400 each make 2 to 4.")
    assert one.text_zh == "要求共7个社区,但800户按每个200至400户只能分成2至4个。"
    check_minimal(town)
    merge = town_of(grid([[150] * 6], communities=["AAABBB"]), mode="merge", max_households=800, k=3)
    one = only(merge)
    assert one.text_en == "k = 3 communities are asked for, but there are only 2 whole units."
    assert one.text_zh == "要求共3个社区,但只有2个整体单元。"
    check_minimal(merge)
    parts = town_of(grid([[100] * 3, [None] * 3, [100] * 3]), k=1)
    one = only(parts)
    assert ids(one) == {"k"} or "max_households" in ids(one)
    check_minimal(parts)


def test_a_leaf_that_is_too_small_alone_and_too_large_with_its_only_neighbour() -> None:
    town = town_of(grid([[150, 150, 150, 100, 300]], groups={"0-1": "G", "0-2": "G"}))
    one = only(town)
    assert one.proof == "tight"
    assert ids(one) == {"min_households", "max_households", "estate:G"}
    assert one.text_en == (
        "Block 0-0 has 150 households, below the minimum of 200, and can only join estate G; together they have 450 "
        "households, and the maximum is 400."
    )
    assert one.text_zh == "地块0-0有150户,低于下限200户,只能并入小区G;合计450户,超过上限400户。"
    check_minimal(town)


def test_several_leaves_on_one_block_and_a_unit_that_fits_no_neighbour() -> None:
    star = town_of(grid([[None, 150, None], [150, 100, 150], [None, 10, None]]))
    one = only(star)
    assert one.proof == "tight"
    assert one.text_en == (
        "Block 0-1, block 1-0, block 1-2 and 1 more have 150, 150, 150 households, each below the minimum of 200, and "
        "can only join block 1-1; together they have 560 households, and the maximum is 400."
    )
    assert "等4处有150、150、150户,各低于下限200户,只能并入地块1-1;合计560户" in one.text_zh
    check_minimal(star)
    ring = town_of(grid([[390, 100], [100, 390]]), min_households=105)
    found = check_minimal(ring)
    assert found[0].proof == "no_partner"
    assert "would have to join a neighbour, of which the smallest is block" in found[0].text_en
    assert "可并入的相邻单元中最小的是" in found[0].text_zh


def test_every_way_tried_names_the_rules() -> None:
    """Seven blocks in a row of 100 and 250: no cut keeps both limits, and nothing simpler shows it."""
    town = town_of(grid([[100, 130, 160, 100, 140, 190, 60]]), min_households=280, target_households=300,
                   max_households=310)  # fmt: skip
    found = check_minimal(town)
    assert found[0].proof in ("exhausted", "tight", "no_partner")
    if found[0].proof == "exhausted":
        assert (
            "no community has more than 310 households; no community has fewer than 280 households" in found[0].text_en
        )
        assert "每个社区不超过310户;每个社区不少于280户" in found[0].text_zh


def test_conditions_that_claim_the_same_block_or_cannot_be_joined_up() -> None:
    tables = grid([[100] * 6], communities=["AAABBB"])
    both = town_of(tables, conditions=[{"kind": "has", "community": "A", "ids": ["0-4"]},
                                       {"kind": "has", "community": "B", "ids": ["0-4"]}])  # fmt: skip
    one = only(both)
    assert ids(one) == {"condition:0", "condition:1"}
    assert "would be one community, but community A and community B both live on" in one.text_en
    assert "都应保留" in one.text_zh
    check_minimal(both)
    river = grid([[100, 100, 100, 100]], communities=["AABB"], features={("v", "2"): ("river", "清河")})
    beyond = town_of(river, conditions=[{"kind": "has", "community": "A", "ids": ["0-3"]}],
                     seams=[{"rule": "forbid_cross", "feature_class": "river"}])  # fmt: skip
    one = only(beyond)
    assert one.proof == "unreachable"
    assert ids(one) == {"condition:0", "seam:0"}
    assert "no way for a community leads from block 0-0 to block 0-3 (no community spans river)" in one.text_en
    assert "没有一个社区可以走的路(社区不跨越河流)" in one.text_zh
    check_minimal(beyond)


def test_communities_that_must_not_touch() -> None:
    beside = town_of(grid([[300, 300]], communities=["AB"]),
                     conditions=[{"kind": "not_touching", "community": "A", "ids": ["B"]}])  # fmt: skip
    one = only(beside)
    assert one.proof == "touch"
    assert ids(one) == {"condition:0"}
    assert "blocks 0-0 and 0-1, which stay with them, have a common border" in one.text_en
    assert "属于两者的地块0-0与地块0-1相邻" in one.text_zh
    check_minimal(beside)
    between = town_of(grid([[300, 100, 300]], communities=["AAB"]),
                      conditions=[{"kind": "not_touching", "community": "A", "ids": ["B"]}])  # fmt: skip
    one = only(between)
    assert one.proof == "exhausted"
    assert ids(one) == {"min_households", "condition:0"}
    check_minimal(between)


def test_a_request_that_has_an_answer_has_no_conflict() -> None:
    assert find_conflicts(town_of(grid([[100] * 6])), thorough=True) == ()
    assert find_conflicts(town_of(grid([[100] * 6]), k=2)) == ()


def test_the_quick_look_finds_the_same_without_saying_how_small() -> None:
    town = town_of(grid([[100] * 8], communities=["VVVVVAAA"]), register({"A": "community", "V": "village"}))
    (quick,), (slow,) = find_conflicts(town), find_conflicts(town, thorough=True)
    assert (quick.certainty, slow.certainty) == ("proven", "smallest")
    assert quick.text_en == slow.text_en


# 3. Laws


@st.composite
def requests(draw: st.DrawFn) -> Town | None:
    """Draw a town of at most seven blocks with a few rules; None when the rules contradict each other openly."""
    columns = draw(st.integers(2, 3))
    numbers = draw(st.lists(st.integers(20, 260), min_size=2 * columns, max_size=2 * columns))
    rows = [numbers[:columns], numbers[columns:]]
    letters = "".join(draw(st.sampled_from("AV")) for _ in range(2 * columns))
    groups = {f"{r}-{c}": "G" for r in range(2) for c in range(columns) if draw(st.booleans()) and draw(st.booleans())}
    tables = grid(rows, communities=[letters[:columns], letters[columns:]], groups=groups,
                  features={("v", "1"): ("river", "清河"), ("h", "1"): ("primary", "大道")}, people=3)  # fmt: skip
    known = register({"A": "community", "V": "village"},
                     town=draw(st.sampled_from([["东", "东"], ["东", "东"], ["东", "西"]])))  # fmt: skip
    names = [f"{r}-{c}" for r in range(2) for c in range(columns)]
    pair = draw(st.lists(st.sampled_from(names), min_size=2, max_size=2, unique=True))
    low = draw(st.integers(0, 250))
    said: dict[str, object] = {"min_households": low, "max_households": draw(st.integers(max(low, 200), 700)),
                               "allow_islands": draw(st.booleans())}  # fmt: skip
    if draw(st.booleans()):
        said["k"] = draw(st.integers(1, 4))
    if draw(st.booleans()):
        said["max_people"] = draw(st.integers(500, 1500))
    if draw(st.booleans()):
        said["seams"] = [{"rule": draw(st.sampled_from(["forbid_cross", "forbid_cut"])), "feature_class": "river"}]
    if draw(st.booleans()):
        said["locks"] = [draw(st.sampled_from([
            {"kind": "together", "ids": pair, "of": "blocks"}, {"kind": "apart", "ids": pair, "of": "blocks"},
            {"kind": "as_is", "ids": ["A"]}, {"kind": "whole", "ids": ["A"]},
        ]))]  # fmt: skip
    if draw(st.booleans()):
        said["conditions"] = [draw(st.sampled_from([
            {"kind": "has", "community": "A", "ids": pair[:1]}, {"kind": "lacks", "community": "V", "ids": pair[:1]},
            {"kind": "not_touching", "community": "A", "ids": ["V"]},
        ]))]  # fmt: skip
    try:
        return town_of(tables, known, **said)
    except InputError:
        return None


@given(town=requests())
@settings(max_examples=60, deadline=None)
def test_conflicts_are_impossible_and_nothing_can_be_left_out(town: Town | None) -> None:
    if town is not None:
        check_minimal(town)


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    blocks, seams = grid([[150, 150, 150, 100, 300]], groups={"0-1": "G", "0-2": "G"})
    mixed = blocks.sample(frac=1, random_state=seed), seams.sample(frac=1, random_state=seed + 7)
    assert find_conflicts(town_of(mixed), thorough=True) == find_conflicts(town_of((blocks, seams)), thorough=True)
