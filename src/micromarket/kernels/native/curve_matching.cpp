#include "curve_matching.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>

#include <memory>

namespace nb = nanobind;

namespace {

using micromarket::curve_matching::Corner;
using micromarket::curve_matching::Matcher;
using micromarket::curve_matching::Order;
using micromarket::curve_matching::Steps;
using micromarket::curve_matching::Trade;

using Column = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Rows = nb::ndarray<const std::int64_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Table = nb::ndarray<nb::numpy, std::int64_t, nb::ndim<2>>;

// Corners are checked by the caller.
Order order_of(Steps sign, const nb::list &corners, Steps used) {
    Order order;
    order.sign = sign;
    order.used = used;
    order.corners.reserve(corners.size());
    for (nb::handle corner : corners) {
        const auto row = nb::borrow<nb::tuple>(corner);
        order.corners.push_back({nb::cast<Steps>(row[0]), nb::cast<Steps>(row[1]), nb::cast<bool>(row[2])});
    }
    return order;
}

nb::list add(Matcher &matcher, Steps sign, const nb::list &corners, bool persistent) {
    std::vector<Trade> trades;
    matcher.add(order_of(sign, corners, 0), persistent, trades);
    nb::list out;
    for (const Trade &trade : trades)
        out.append(nb::make_tuple(trade.standing, trade.price, trade.quantity, trade.left));
    return out;
}

Steps stand(Matcher &matcher, Steps sign, const nb::list &corners, Steps used) {
    return matcher.stand(order_of(sign, corners, used));
}

// Orders as rows (sign, persistent) and their corners as rows (level, quantity, whole), start[k]:start[k + 1] each.
Table add_all(Matcher &matcher, const Rows &orders, const Column &start, const Rows &corners) {
    auto trades = std::make_unique<std::vector<Trade>>();
    {
        nb::gil_scoped_release released;
        for (std::size_t i = 0; i < orders.shape(0); ++i) {
            Order order;
            order.sign = orders.data()[2 * i];
            order.corners.reserve(static_cast<std::size_t>(start.data()[i + 1] - start.data()[i]));
            for (Steps k = start.data()[i]; k < start.data()[i + 1]; ++k)
                order.corners.push_back(
                    {corners.data()[3 * k], corners.data()[3 * k + 1], corners.data()[3 * k + 2] != 0});
            matcher.add(std::move(order), orders.data()[2 * i + 1] != 0, *trades);
        }
    }
    static_assert(sizeof(Trade) == 5 * sizeof(Steps));
    auto *data = reinterpret_cast<Steps *>(trades->data());
    const std::size_t count = trades->size();
    nb::capsule owner(trades.release(),
                      [](void *kept) noexcept { delete static_cast<std::vector<Trade> *>(kept); });
    return Table(data, {count, 5}, owner);
}

}  // namespace

void bind_curve_matching(nb::module_ &module) {
    nb::class_<Matcher>(module, "CurveMatcher")
        .def(nb::init<bool>(), nb::arg("volume_first"))
        .def("add", &add)
        .def("add_all", &add_all)
        .def("stand", &stand)
        .def("reduce", &Matcher::reduce)
        .def("best", &Matcher::best)
        .def("cancel", &Matcher::cancel)
        .def("left", &Matcher::left);
}
