"""Routes: plans."""

from fastapi import APIRouter

router = APIRouter()
