// Binding of the nested auction: arrays in, arrays filled.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/vector.h>

#include "nested.hpp"

namespace nb = nanobind;
using namespace micromarket::nested;

namespace {

template <typename T, std::size_t N> using In = nb::ndarray<const T, nb::ndim<N>, nb::c_contig, nb::device::cpu>;
template <typename T> using Out = nb::ndarray<T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Cube = nb::ndarray<const double, nb::ndim<3>, nb::device::cpu>;

Fleet fleet_of(const Cube &prices, const Cube &powers) {
    Fleet fleet{prices.data(), powers.data(), static_cast<std::int64_t>(prices.shape(0)),
                static_cast<std::int64_t>(prices.shape(2)), {}, {}};
    for (int axis = 0; axis < 3; ++axis) {
        fleet.price_stride[axis] = prices.stride(axis);
        fleet.power_stride[axis] = powers.stride(axis);
    }
    return fleet;
}

void clear_nested(In<std::int32_t, 1> parent, In<std::int64_t, 1> link_start, In<double, 1> own, In<double, 1> seen,
                  In<double, 1> factor, In<std::int64_t, 1> member_start, In<std::int64_t, 1> members,
                  In<double, 1> reference, const std::vector<Cube> &prices, const std::vector<Cube> &powers,
                  Out<double> price, Out<double> sent, Out<double> received, Out<std::int8_t> outcome,
                  Out<bool> congested, Out<double> power, Out<double> unserved, int threads) {
    Problem problem{static_cast<std::int64_t>(parent.shape(0)), static_cast<std::int64_t>(reference.shape(0)),
                    parent.data(), link_start.data(), own.data(), seen.data(), factor.data(), {},
                    static_cast<std::int64_t>(members.shape(0)), member_start.data(), members.data(),
                    reference.data()};
    for (std::size_t f = 0; f < prices.size(); ++f) problem.fleets.push_back(fleet_of(prices[f], powers[f]));
    const Solution out{price.data(), sent.data(), received.data(), outcome.data(),
                       congested.data(), power.data(), unserved.data()};
    nb::gil_scoped_release release;
    clear(problem, out, threads);
}

}  // namespace

void bind_nested(nb::module_ &module) { module.def("clear_nested", &clear_nested); }
