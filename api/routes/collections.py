"""Routes: collections, their features, and what can be asked of them (OGC API Features, Parts 1 to 3)."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api.deps import Language, Viewer
from api.features import answers
from api.features.parameters import COLLECTION, COLLECTIONS, ITEM, ITEMS, SCHEMA

router = APIRouter(tags=["collections"])

CollectionId = Annotated[str, Path(description="the collection", max_length=200)]
FeatureId = Annotated[str, Path(description="the feature", max_length=400)]
_PATH = "/studies/{study_id}/collections"


@router.get(_PATH, **COLLECTIONS)
def list_collections(request: Request, at: Viewer, lang: Language) -> Response:
    """Return the collections of the study: its own tables, and what plans and runs made."""
    return answers.collections(request, at, lang)


@router.get(f"{_PATH}/{{collection_id}}", **COLLECTION)
def describe_collection(request: Request, at: Viewer, lang: Language, collection_id: CollectionId) -> Response:
    """Return the description of one collection."""
    return answers.collection(request, at, lang, collection_id)


@router.get(f"{_PATH}/{{collection_id}}/items", **ITEMS)
def get_items(request: Request, at: Viewer, lang: Language, collection_id: CollectionId) -> Response:
    """Return features of a collection, a page at a time."""
    return answers.items(request, at, lang, collection_id)


@router.get(f"{_PATH}/{{collection_id}}/items/{{feature_id}}", **ITEM)
def get_item(
    request: Request, at: Viewer, lang: Language, collection_id: CollectionId, feature_id: FeatureId
) -> Response:
    """Return one feature; its ETag names its version."""
    return answers.item(request, at, lang, collection_id, feature_id)


@router.get(f"{_PATH}/{{collection_id}}/queryables", **SCHEMA)
def get_queryables(request: Request, at: Viewer, lang: Language, collection_id: CollectionId) -> Response:
    """Return the properties that filters may name, as a JSON schema."""
    return answers.queryables(request, at, lang, collection_id)


@router.get(f"{_PATH}/{{collection_id}}/schema", **SCHEMA)
def get_schema(request: Request, at: Viewer, lang: Language, collection_id: CollectionId) -> Response:
    """Return what a feature of the collection looks like, as a JSON schema."""
    return answers.schema(request, at, lang, collection_id)
