"""Routes: uploads."""

from fastapi import APIRouter

router = APIRouter()
