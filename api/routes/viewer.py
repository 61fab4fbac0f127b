"""Routes: viewer."""

from fastapi import APIRouter

router = APIRouter()
