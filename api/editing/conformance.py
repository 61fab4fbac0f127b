"""The conformance classes of OGC API Features, Part 4, that are kept."""

_PART4 = "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf"

CONFORMANCE: tuple[str, ...] = (
    f"{_PART4}/create-replace-delete",
    f"{_PART4}/update",
    f"{_PART4}/optimistic-locking",
    f"{_PART4}/optimistic-locking-etags",
    f"{_PART4}/handling",
    f"{_PART4}/return-resource-representation-in-response",
    f"{_PART4}/features",
)
"""As the draft 20-002r1 and its successor name them: one class of optimistic locking became two."""
