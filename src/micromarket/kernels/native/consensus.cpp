// Binding of consensus in networks: arrays in, arrays filled.
#include "consensus.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>

namespace nb = nanobind;
using namespace micromarket::consensus;

namespace {

template <typename T, std::size_t N> using In = nb::ndarray<const T, nb::ndim<N>, nb::c_contig, nb::device::cpu>;
template <typename T, std::size_t N> using Out = nb::ndarray<T, nb::ndim<N>, nb::c_contig, nb::device::cpu>;

void clear_consensus(In<double, 3> prices, In<double, 3> powers, In<std::int32_t, 2> node_of, In<double, 2> limit,
                     In<double, 2> arriving, In<double, 1> least_kw, nb::tuple rule, Out<double, 2> price,
                     Out<double, 2> flow, Out<double, 2> edge_price, Out<double, 2> penalty, Out<double, 1> gap,
                     Out<std::int64_t, 1> rounds, std::optional<Out<double, 3>> history, int threads) {
    const auto size = [&](int axis) { return static_cast<std::int64_t>(prices.shape(axis)); };
    const Problem problem{size(0), size(1), size(2), static_cast<std::int64_t>(node_of.shape(0)),
                          static_cast<std::int64_t>(arriving.shape(1)), prices.data(), powers.data(), node_of.data(),
                          limit.data(), arriving.data(), least_kw.data(), nb::cast<double>(rule[0]),
                          nb::cast<double>(rule[1]), nb::cast<double>(rule[2]), nb::cast<double>(rule[3]),
                          nb::cast<double>(rule[4]), nb::cast<double>(rule[5]), nb::cast<double>(rule[6]),
                          nb::cast<std::int64_t>(rule[7]), nb::cast<std::int64_t>(rule[8])};
    const Solution out{price.data(), flow.data(), edge_price.data(), penalty.data(),
                       gap.data(),   rounds.data(), history ? history->data() : nullptr};
    nb::gil_scoped_release release;
    clear(problem, out, threads);
}

}  // namespace

void bind_consensus(nb::module_ &module) {
    module.def("clear_consensus", &clear_consensus, nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(),
               nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(),
               nb::arg().none(), nb::arg());
}
