"""What a user can do, once: the command line, the web and the jobs all call these.

Plain functions over a study file: `town` fills it, `plans` divides it, `reviews` reads what a plan does, `drafts`
changes one by hand, `conversions` turns villages into communities. `files` reads what users hand in, and writes all or
nothing.
"""

from api.operations.conversions import convert_study, overriding, read_construction_land, read_survey, save_conversions
from api.operations.drafts import (
    Cut,
    Edited,
    Locked,
    Merge,
    Move,
    Split,
    Step,
    create_draft,
    diff_draft,
    edit_draft,
    explain_draft,
    open_saved,
    redo_draft,
    undo_draft,
)
from api.operations.files import line_of, read_line, read_options, read_plan, read_text, write_file
from api.operations.plans import (
    OUTPUTS,
    Language,
    Offered,
    Planned,
    Told,
    alternative_plans,
    explain_saved,
    plan_study,
    require_alternatives_place,
    require_outputs_place,
    why_not,
    write_alternatives,
    write_outputs,
)
from api.operations.reviews import (
    Understood,
    check_texts,
    explain_block,
    explain_community,
    locate_text,
    score_plan,
    write_land,
)
from api.operations.town import BLOCK_SOURCES, demo_town, import_study, make_blocks, put_households

__all__ = [
    "BLOCK_SOURCES", "OUTPUTS", "Cut", "Edited", "Language", "Locked", "Merge", "Move", "Offered", "Planned",
    "Split", "Step", "Told", "Understood", "alternative_plans", "check_texts", "convert_study", "create_draft",
    "demo_town", "diff_draft", "edit_draft", "explain_block", "explain_community", "explain_draft", "explain_saved",
    "import_study", "line_of", "locate_text", "make_blocks", "open_saved", "overriding", "plan_study",
    "put_households", "read_construction_land", "read_line", "read_options", "read_plan", "read_survey",
    "read_text", "redo_draft", "require_alternatives_place", "require_outputs_place", "save_conversions",
    "score_plan", "undo_draft", "why_not", "write_alternatives", "write_file", "write_land", "write_outputs",
]  # fmt: skip
