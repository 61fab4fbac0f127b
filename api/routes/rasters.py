"""Routes: rasters."""

from fastapi import APIRouter

router = APIRouter()
