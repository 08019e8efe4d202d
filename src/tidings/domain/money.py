"""Sums of money as whole thousandths: exact, whether a currency has two decimals, none or three."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from tidings.domain.errors import InvalidInputError

_MOST = Decimal(10) ** 12


def milli_of(text: str) -> int:
    """A sum in thousandths. Raises InvalidInputError for what is no sum, below zero, or finer than a thousandth."""
    try:
        value = Decimal(text.strip() or "0")
        exact = value * 1000
        if not value.is_finite() or not 0 <= value <= _MOST or exact != exact.to_integral_value():
            raise InvalidOperation
    except InvalidOperation:
        raise InvalidInputError(
            f"The value {text[:40]!r} is no sum of money.", remedy="Write it like this: 49.90", field="value"
        ) from None
    return int(exact)


def money(milli: int) -> str:
    """`49900` → `49.90`: two decimals, or three where they are needed."""
    whole, rest = divmod(milli, 1000)
    return f"{whole}.{rest // 10:02d}" if rest % 10 == 0 else f"{whole}.{rest:03d}"
