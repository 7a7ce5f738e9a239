"""Money in minor units with its currency, and how people read and write it."""

from lms.base.money import Money, NotRepresentable, UnknownCurrency, decimals, to_minor

__all__ = ["Money", "NotRepresentable", "UnknownCurrency", "decimals", "to_minor"]
