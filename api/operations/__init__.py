"""What a user can do, once: the command line, the web and the jobs all call these.

Plain functions over a study file: `town` fills it, `plans` divides it, `reviews` reads what a plan does, `drafts`
changes one by hand, `conversions` turns villages into communities. `surveys` reads what surveyors found, `examinations`
counts it, `programmes` says what to do about it under a budget; `lifts` and `farmhouses` read their registers. `gaps`
tells who can walk to what and what is missing, `siting` where it helps most. `files` reads what users hand in, and
writes all or nothing; `results` and `plan_results` are what storage keeps of it all.

Callers import from these modules, each what it needs: a command or a job starts as quickly as its own work allows.
"""
