"""Routes: exports."""

from fastapi import APIRouter

router = APIRouter()
