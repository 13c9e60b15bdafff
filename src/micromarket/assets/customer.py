"""Customers: who owns which assets, pays by which tariff, and how much comfort is worth to them."""

from __future__ import annotations

from dataclasses import dataclass

from micromarket.domain.ids import PartyId
from micromarket.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class Customer:
    """Someone who is served, and responsible for the bill.

    Parameters
    ----------
    customer_id : PartyId
        Name, and account in the ledger.
    node : str
        Where the customer is connected.
    tariff : str
        Name of the tariff paid without the market.
    comfort : float
        Preference between cost and comfort: 0 saves money as far as the devices allow, 1 never trades comfort.
    assets : tuple of str
        Names of the assets owned.

    Raises
    ------
    InvalidValue
        If the preference is not between 0 and 1.

    Notes
    -----
    Source: Transactive Simulation Entities and Concepts (PNNL), "Customers": preferences are quantified so that an
    actor can trade for the customer.
    """

    customer_id: PartyId
    node: str
    tariff: str
    comfort: float
    assets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the preference."""
        if not 0 <= self.comfort <= 1:
            raise InvalidValue(f"comfort of {self.customer_id} must lie between 0 and 1; found {self.comfort}")
