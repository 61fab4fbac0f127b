"""Office files are the same when their content is."""

import io
import zipfile
from datetime import datetime

import pytest
from lxml import etree
from openpyxl import Workbook

from layers.office import settle


def workbook(written: datetime) -> bytes:
    book = Workbook()
    book["Sheet"]["A1"] = "清河镇"
    book.properties.created = book.properties.modified = written
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("prefix", ["dct", "dcterms"])
def test_neither_the_clock_nor_another_library_is_in_the_file(prefix: str) -> None:
    """Libraries of catalogues register a prefix of their own for Dublin Core's terms, for the whole process."""
    first = settle(workbook(datetime(2026, 1, 1)))
    try:
        etree.register_namespace(prefix, "http://purl.org/dc/terms/")
        second = settle(workbook(datetime(2027, 2, 2)))
    finally:
        etree.register_namespace("dcterms", "http://purl.org/dc/terms/")
    assert first == second
    said = zipfile.ZipFile(io.BytesIO(second)).read("docProps/core.xml")
    assert said.count(b"2000-01-01T00:00:00Z") == 2
    etree.fromstring(said)
