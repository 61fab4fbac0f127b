"""Routes: studies."""

from fastapi import APIRouter

router = APIRouter()
