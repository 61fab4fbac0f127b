"""The invented survey of Qinghe, the demo town: who looked at what, and what was seen."""
