"""A client for Tidings, blocking and asynchronous.

from tidings_client import Tidings

with Tidings("https://localhost:8443", token, ca="ca.pem") as tidings:
    campaign = tidings.campaigns.create({...})
"""

from tidings_client.client import AsyncTidings, Tidings
from tidings_client.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    TidingsError,
    UnauthenticatedError,
    UnavailableError,
)

__all__ = [
    "AsyncTidings",
    "ConflictError",
    "ForbiddenError",
    "InvalidInputError",
    "NotFoundError",
    "RateLimitedError",
    "ServerError",
    "Tidings",
    "TidingsError",
    "UnauthenticatedError",
    "UnavailableError",
]
