"""Signing in on the page: by password or through a provider, with few attempts for who guesses."""

import logging
import math

from api.accounts.accounts import Accounts, folded
from api.accounts.limits import Limiter, Rate, household_of
from api.accounts.oidc import Provider
from api.accounts.sessions import Cookies
from api.errors import NotAllowedError, TooManyError
from api.settings import Settings

LOG = logging.getLogger("shequ.accounts")

BY_ADDRESS = Rate(10, 1 / 10)
"""Wrong passwords from one address: ten at once, then one in ten seconds."""
BY_NAME = Rate(30, 1 / 10)
"""Wrong passwords for one account, from wherever."""


class SignIn:
    """Part of a team's server."""

    def __init__(self, settings: Settings, accounts: Accounts) -> None:
        self.accounts = accounts
        self.cookies = Cookies(settings)
        self.provider = Provider(settings) if settings.oidc_issuer else None
        self._by_address, self._by_name = Limiter(BY_ADDRESS), Limiter(BY_NAME)

    def require_password(self, name: str, password: str, *, address: str) -> str:
        """Return the account whose name and password these are.

        A wrong name and a wrong password are answered alike, and after the same time.

        Raises
        ------
        NotAllowedError
            When name or password is wrong, or the account is shut.
        TooManyError
            When there were too many wrong ones.
        """
        taken = (self._by_address, household_of(address)), (self._by_name, folded(name))
        wait = max(limiter.take(key) for limiter, key in taken)
        if wait:
            LOG.warning("too many attempts to sign in", extra={"said": {"name": name, "from": address}})
            raise TooManyError("there were too many attempts to sign in", f"wait {math.ceil(wait)} seconds",
                               headers={"Retry-After": str(math.ceil(wait))})  # fmt: skip
        own = self.accounts.check_password(name, password)
        if own is None:
            LOG.warning("sign-in refused", extra={"said": {"name": name, "from": address}})
            raise NotAllowedError("the name or the password is wrong", "an admin of the server can set a new password")
        for limiter, key in taken:
            limiter.give_back(key)
        return own
