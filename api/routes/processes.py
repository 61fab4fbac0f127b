"""Routes: processes."""

from fastapi import APIRouter

router = APIRouter()
