"""The table of commitments: what each market of a chain changed for each party, at which price, for how much."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from micromarket.dso.tree_settlement import TreeSettlement
from micromarket.simulation.recording.recorder import Array, Coded, Moments
from micromarket.simulation.recording.tables import Part, Tables


def write_commitments(tables: Tables, part: Part, settlement: TreeSettlement) -> None:
    """Write a row for each party and interval of every series that committed, then for what was metered beyond."""
    changes, parties, street = settlement.changes, settlement.parties, tables.street
    rows = [each.changes_w.size for each in changes]
    party = np.tile(np.arange(len(parties.node)), sum(rows) // len(parties.node))
    tables.write(
        "commitments",
        part.name,
        {
            "series": Coded(np.repeat(np.arange(len(changes)), rows), [each.series for each in changes]),
            "start": Moments(
                np.concatenate([np.repeat(each.intervals.starts, len(parties.node)) for each in changes])
            ),
            "node": Coded(parties.node[party], street.tree.ids),
            "account": Coded(parties.account[party], street.ledger_accounts),
            "committed_w": _rows([each.committed_w for each in changes]),
            "change_w": _rows([each.changes_w for each in changes]),
            "price": _rows([each.prices for each in changes]),
            "energy_j": _rows([each.settled.energy_j for each in changes]),
            "amount_micro": _rows([each.settled.amount_micro for each in changes]),
        },
    )


def _rows(values: Sequence[Array]) -> Array:
    return np.concatenate([each.T.ravel() for each in values])
