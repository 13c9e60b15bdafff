import numpy as np
import pytest

from micromarket.node.losses import links, received_kw


def one_line(segments, loss=0.05, limit=10.0):
    return links(np.array([limit]), np.array([limit]), np.array([loss]), segments)


def test_borders_lie_on_the_parabola():
    """At every border of the segments the received power is that of the parabola."""
    line = one_line(8)

    np.testing.assert_allclose(line.seen_kw[8:], received_kw(line.own_kw[8:], 10.0, 0.05), rtol=0, atol=1e-14)


def test_import_mirrors_export():
    line = one_line(8)

    np.testing.assert_array_equal(line.own_kw, -line.seen_kw[::-1])


def test_money_and_energy_factors_belong_together():
    """On every piece, what the parent sees more in price it sees less in power."""
    line = one_line(4)

    np.testing.assert_allclose(line.price_factor[:-1], np.diff(line.own_kw) / np.diff(line.seen_kw))


@pytest.mark.parametrize(("limits", "borders"), [((0.0, 10.0), 9), ((10.0, 0.0), 9), ((0.0, 0.0), 2)])
def test_a_closed_direction_has_no_pieces(limits, borders):
    line = links(np.array(limits[:1]), np.array(limits[1:]), np.array([0.05]), 8)

    assert borders == len(line.own_kw)


@pytest.mark.parametrize(
    ("segments", "worst"), [(1, 1.25e-1), (2, 3.125e-2), (4, 7.8125e-3), (8, 1.953125e-3), (16, 4.8828125e-4)]
)
def test_power_error_falls_with_the_square_of_the_segments(segments, worst):
    """Worst error of the received power [kW] on a line of 10 kW with 5 % full-load loss: f R / (4 L**2)."""
    line, sent = one_line(segments), np.linspace(0, 10, 3201)

    error = received_kw(sent, 10.0, 0.05) - np.interp(sent, line.own_kw, line.seen_kw)

    assert worst == pytest.approx(error.max(), rel=1e-12)


@pytest.mark.parametrize(
    ("segments", "worst"), [(1, 2.92e-3), (2, 1.50e-3), (4, 7.6e-4), (8, 3.83e-4), (16, 1.92e-4)]
)
def test_marginal_price_error_falls_with_the_segments(segments, worst):
    """Worst error of the marginal price [currency/kWh] behind that line for a price of 0.05: half a step of price."""
    line, sent = one_line(segments), np.linspace(1e-9, 10, 3201)
    piece = np.clip(np.searchsorted(line.own_kw, -received_kw(sent, 10.0, 0.05), side="right") - 1, 0, None)

    error = 0.05 / line.price_factor[piece] - 0.05 / (1 - 2 * 0.05 * sent / 10)

    assert worst == pytest.approx(np.abs(error).max(), rel=0.01)
