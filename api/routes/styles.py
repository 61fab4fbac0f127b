"""Routes: styles."""

from fastapi import APIRouter

router = APIRouter()
