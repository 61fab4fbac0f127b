"""Routes: collections."""

from fastapi import APIRouter

router = APIRouter()
