"""What was changed since a transaction: an open page asks every few seconds."""

from api.storage import StudyStore

MOST = 50
"""Transactions that are looked through one by one; behind them everything counts as changed."""


def changed_since(store: StudyStore, since: int) -> tuple[int, list[str]]:
    """Return the number of the last transaction, and the collections (or `document:<kind>`) changed after `since`."""
    head = store.head()
    if since >= head:
        return head, []
    log = store.transactions(limit=MOST)
    changed = {name for each in log if each.tx > since for name in each.counts}
    if len(log) == MOST and log[-1].tx > since:
        changed |= set(store.collections())
    return head, sorted(changed)
