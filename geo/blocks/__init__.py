"""The study area cut along roads, rivers and rails into blocks, and the seams between them.

From bottom to top: `tiling` (pieces and faces), `lines` (what is drawn), `options`, `noding` (lines cut where they
meet, ends led on), `corridors` and `slivers` (what is too thin is shared out), `estates` (kept whole), `covers`
(ready-made areas cleaned), `seams` (the table), `cut` (the two functions that everybody calls).
"""

from geo.blocks.cut import Blocks, adopt_blocks, cut_blocks
from geo.blocks.options import BlockOptions

__all__ = ["BlockOptions", "Blocks", "adopt_blocks", "cut_blocks"]
