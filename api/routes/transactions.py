"""Routes: transactions."""

from fastapi import APIRouter

router = APIRouter()
