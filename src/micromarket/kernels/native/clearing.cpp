#include "dispatch.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

namespace nb = nanobind;

namespace {

using micromarket::clearing::Columns;
using micromarket::clearing::Solution;

using Cube = nb::ndarray<const double, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Row = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using OutRow = nb::ndarray<double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using OutSheet = nb::ndarray<double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Flags = nb::ndarray<const std::int8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using OutFlags = nb::ndarray<std::int8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// Arrays are made and checked by the caller; shape (intervals, vertices, participants).
void balance(const Cube &prices, const Cube &powers, const Row &targets, OutRow low, OutRow high, OutFlags outcome) {
    const std::size_t intervals = prices.shape(0);
    std::vector<Solution> solutions(intervals);
    const Columns first{prices.data(), powers.data(), prices.shape(1), prices.shape(2)};
    {
        nb::gil_scoped_release released;
        micromarket::clearing::balance_all(first, intervals, targets.data(), solutions.data());
    }
    for (std::size_t t = 0; t < intervals; ++t) {
        low.data()[t] = solutions[t].low;
        high.data()[t] = solutions[t].high;
        outcome.data()[t] = static_cast<std::int8_t>(solutions[t].outcome);
    }
}

void dispatch(const Cube &prices, const Cube &powers, const Row &at, const Row &targets, const Flags &outcomes,
              OutSheet out) {
    const Columns first{prices.data(), powers.data(), prices.shape(1), prices.shape(2)};
    nb::gil_scoped_release released;
    micromarket::clearing::dispatch_all(first, prices.shape(0), at.data(), targets.data(), outcomes.data(), out.data());
}

// How many passes over all participants the search took: for tests and tuning.
int balance_passes(const Cube &prices, const Cube &powers, double target) {
    const Columns columns{prices.data(), powers.data(), prices.shape(1), prices.shape(2)};
    return micromarket::clearing::balance(columns, target).passes;
}

}  // namespace

void bind_clearing(nb::module_ &module) {
    module.def("balance", &balance);
    module.def("dispatch", &dispatch);
    module.def("balance_passes", &balance_passes);
}
