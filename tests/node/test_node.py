import numpy as np
import pytest

from micromarket.domain.curves import Curves
from micromarket.errors import BrokenTree, InvalidValue, UnknownParty, UnratedLoss, WrongShape
from micromarket.node.balancing import balance
from micromarket.node.demand.demand_charge import DemandCharge
from micromarket.node.neighbor import Direction, Neighbor
from micromarket.node.networks.nested import clear_nested
from micromarket.node.node import TransactiveNode
from trees import load, offers, supplier, tree

UP, DOWN = Direction.UPSTREAM, Direction.DOWNSTREAM


def random_slopes(rng, participants):
    """Curves without ties, so that powers are unique."""
    shape = (participants, 1, 4)
    return Curves(np.sort(rng.uniform(0.01, 0.4, shape), axis=2), np.sort(rng.uniform(-6, 5, shape), axis=2))


def by_hand(nodes, local):
    """Bids up and offers down a chain: substation, feeder, home."""
    substation, feeder, home = nodes
    bid = home.signal("feeder", local[2], {})
    up = feeder.signal("substation", local[1], {"home": bid})
    root = substation.balance(local[0], {"feeder": up})
    offer = substation.signal("feeder", local[0], {})
    middle = feeder.balance(local[1], {"substation": offer, "home": bid})
    down = feeder.signal("home", local[1], {"substation": offer})
    return root, middle, home.balance(local[2], {"feeder": down})


@pytest.mark.parametrize("loss", [0.0, 0.04])
def test_three_nodes_negotiating_by_hand_reach_the_nested_auction(loss):
    """Nodes that know only each other's net curves settle on the prices and powers of the array kernel."""
    line = {"import_limit_kw": 8.0, "export_limit_kw": 8.0, "full_load_loss": loss}
    chain = (
        TransactiveNode("substation", (Neighbor("feeder", DOWN, **line),)),
        TransactiveNode("feeder", (Neighbor("substation", UP, **line), Neighbor("home", DOWN, **line))),
        TransactiveNode("home", (Neighbor("feeder", UP, **line),)),
    )
    whole = tree([-1, 0, 1], 8.0, 8.0, loss)
    worst = 0.0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        local = [random_slopes(rng, 3), random_slopes(rng, 3), random_slopes(rng, 3)]
        nested = clear_nested(whole, local, np.repeat([0, 1, 2], 3))
        if not nested.outcome.any():
            settled = by_hand(chain, local)
            worst = max(worst, np.abs([one.price for one in settled] - nested.price).max())
            worst = max(worst, np.abs(np.concatenate([one.local_kw for one in settled]) - nested.powers_kw).max())

    assert worst < 1e-9


def test_both_ends_agree_on_the_power_that_is_sent():
    """The home sees 4.8 kW arrive, the feeder sees 5 kW leave; agreed are 5 kW."""
    line = {"import_limit_kw": 10.0, "export_limit_kw": 10.0, "full_load_loss": 0.08}
    home = TransactiveNode("home", (Neighbor("feeder", UP, **line),))
    feeder = TransactiveNode("feeder", (Neighbor("home", DOWN, **line),))
    offer = feeder.signal("home", supplier(), {})
    bid = home.signal("feeder", load(4.8), {})

    arriving = home.balance(load(4.8), {"feeder": offer}).neighbor_kw["feeder"]
    leaving = feeder.balance(supplier(), {"home": bid}).neighbor_kw["home"]

    assert [4.8, 5.0, -5.0] == pytest.approx([*arriving, *home.neighbor("feeder").agreed_kw(arriving), *leaving])


def test_a_neighbor_that_sent_nothing_counts_with_its_default():
    node = TransactiveNode("home", (Neighbor("feeder", UP, default=supplier(0.25)),))

    assert [0.25] == node.balance(load(2.0), {}).price.tolist()


def test_a_default_stays_what_it_is_whatever_is_made_of_it():
    """Bent by losses and limits and dearer by a demand charge, in one balance after another."""
    default, charge = offers((0.1, 0.0), (0.3, 8.0)), DemandCharge(2.0, hours_of_use=10.0)
    before = default.prices.copy(), default.powers.copy()
    node = TransactiveNode("home", (Neighbor("feeder", UP, 5.0, 5.0, 0.1, default, charge=charge),))
    prices = [node.balance(load(kw), {}).price[0] for kw in (2.0, 4.0, 2.0)]

    assert prices[0] == prices[2] < prices[1]
    assert all(np.array_equal(*pair) for pair in zip(before, (default.prices, default.powers), strict=True))


def test_a_neighbor_without_default_exchanges_nothing():
    node = TransactiveNode("home", (Neighbor("feeder", UP),))
    generator = offers((0.30, 0.0), (0.30, 5.0))

    settled = node.balance(Curves.concatenate([load(2.0), generator]), {})

    assert ([0.30], [0.0]) == (settled.price.tolist(), settled.neighbor_kw["feeder"].tolist())


def test_a_net_curve_leaves_out_who_receives_it():
    """The feeder offers the home what the supplier and the other home have, not what the home itself has."""
    feeder = TransactiveNode("feeder", (Neighbor("home-1", DOWN), Neighbor("home-2", DOWN)))
    received = {"home-1": load(100.0), "home-2": load(1.0)}

    offer = feeder.signal("home-1", offers((0.1, 0.0), (0.1, 5.0)), received)

    assert [[[-1.0, 4.0]]] == offer.powers.tolist()


def test_limits_hold_at_the_sending_end():
    """An offer of 20 kW over a line of 10 kW with 8 % full-load loss ends at 9.2 kW inside."""
    neighbor = Neighbor("feeder", UP, 10.0, 10.0, 0.08)

    assert 9.2 == pytest.approx(neighbor.seen(offers((0.1, 0.0), (0.1, 20.0))).highest_kw[0, 0])


def test_directions_are_told_apart():
    node = TransactiveNode("feeder", (Neighbor("substation", UP), Neighbor("home", DOWN)))

    assert ["substation"] == [neighbor.id for neighbor in node.directed(UP)]


def test_a_neighbor_does_what_its_curve_says_at_the_price():
    """It offers 0 to 8 kW from 0.10 to 0.30; for 6 kW of load the price is 0.25, where its curve gives 6 kW."""
    node, said = TransactiveNode("home", (Neighbor("feeder", UP),)), offers((0.1, 0.0), (0.3, 8.0))
    settled = node.balance(load(6.0), {"feeder": said})

    assert [0.25] == pytest.approx(settled.price)
    assert said.powers_at(settled.price)[0][0].tolist() == pytest.approx(settled.neighbor_kw["feeder"])


@pytest.mark.parametrize(("into", "out_of", "lowest", "highest"), [(5.0, 0.0, 0.0, 5.0), (0.0, 5.0, -5.0, 0.0)])
def test_a_limit_of_zero_makes_a_neighbor_a_supplier_or_a_consumer_only(into, out_of, lowest, highest):
    """Whatever it says, its curve as seen from inside, and ours as it hears it, stay on one side of nothing."""
    neighbor, both = Neighbor("other", UP, into, out_of), offers((0.1, -9.0), (0.3, 9.0))
    seen, sent = neighbor.seen(both), neighbor.sent(both)

    assert (lowest, highest) == (seen.lowest_kw[0, 0], seen.highest_kw[0, 0])
    assert (-highest, -lowest) == (sent.lowest_kw[0, 0], sent.highest_kw[0, 0])


def test_balance_sums_to_zero():
    settled = balance(load(3.0, 1.0), {"feeder": supplier()})

    assert 0.0 == settled.local_kw.sum() + settled.neighbor_kw["feeder"].sum()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"import_limit_kw": -1.0}, InvalidValue, "a limit of neighbor 'feeder' must be 0 or more"),
        ({"export_limit_kw": np.nan}, InvalidValue, "a limit of neighbor 'feeder' must be 0 or more"),
        ({"full_load_loss": 0.6}, InvalidValue, "full_load_loss of neighbor 'feeder'"),
        ({"full_load_loss": 0.1}, UnratedLoss, "needs finite limits"),
        ({"default": load(1.0, 2.0)}, WrongShape, "must be one curve; found 2"),
    ],
)
def test_a_wrong_neighbor_is_refused_by_name(change, error, message):
    with pytest.raises(error, match=message):
        Neighbor("feeder", UP, **change)


def test_two_neighbors_of_one_name_are_refused():
    with pytest.raises(BrokenTree, match="share a name"):
        TransactiveNode("feeder", (Neighbor("home", DOWN), Neighbor("home", DOWN)))


def test_a_stranger_is_refused():
    node = TransactiveNode("home", (Neighbor("feeder", UP),))

    with pytest.raises(UnknownParty, match="has no neighbor 'moon'"):
        node.balance(load(1.0), {"moon": supplier()})
