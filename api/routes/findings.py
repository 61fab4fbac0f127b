"""Routes: findings."""

from fastapi import APIRouter

router = APIRouter()
