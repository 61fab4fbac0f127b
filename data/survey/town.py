"""Figures of the whole town that offices filled in by hand. All invented; their source says so."""

SOURCE = "演示数据"
"""Stands in the source of every figure, before the office that would supply it."""

DAY = "2026-08-31"

ENTERED: dict[str, tuple[float, str]] = {
    "parking_disorder": (14, "镇综合执法队"),
    "old_commercial": (2, "镇规划建设办"),
    "old_industrial": (3, "镇规划建设办"),
    "old_residential": (5, "镇规划建设办"),
    "sewage": (68.4, "县水务局"),
    "black_water": (0, "县生态环境局"),
    "green_buildings": (82.0, "县住建局"),
    "heritage_listed": (100.0, "县文旅局"),
    "heritage_vacant": (22.5, "县文旅局"),
    "heritage_damage": (0, "县文旅局"),
    "heritage_demolished": (0, "县文旅局"),
    "heritage_added": (3, "县文旅局"),
    "peak_speed": (26.5, "县交警大队"),
    "affordable_housing": (7.2, "县住建局"),
    "urban_villages": (40.0, "镇规划建设办"),
    "flood_points": (2, "县水务局"),
    "drainage_capacity": (0.9, "县水务局"),
    "emergency_water": (91.0, "县水务局"),
    "dual_use": (1, "县发改局"),
    "bridges": (1, "县交通局"),
    "gas_renewal": (55.0, "清河燃气公司"),
    "pipe_monitoring": (12.0, "县住建局"),
    "dangerous_works": (100.0, "县住建局"),
    "highrise_fire": (76.0, "县消防救援大队"),
    "city_operation": (35.0, "镇综合指挥室"),
}
"""Indicator → value in its own unit, and the office. What nobody supplied (rail commuting: there is no rail line for
commuters; work safety; the city model) has no figure, and stays unknown."""

ITEMS: dict[str, tuple[float, str]] = {
    "culture_m2_town": (18_650.0, "县文旅局"),
    "shelter_m2_town": (176_000.0, "县应急管理局"),
}
"""Quantities of the town that indicators are computed from."""
