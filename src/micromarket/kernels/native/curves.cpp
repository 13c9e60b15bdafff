#include "curves.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <thread>

namespace nb = nanobind;

namespace {

using micromarket::CurveView;
using micromarket::Polyline;

using Cube = nb::ndarray<const double, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Offsets = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using OutCube = nb::ndarray<nb::numpy, double, nb::ndim<3>>;

// Columns (intervals, vertices, participants) whose participants stand group by group.
struct Groups {
    const double *prices;
    const double *powers;
    std::size_t intervals, vertices, participants;
    const std::int64_t *offsets;
    std::size_t count;

    std::vector<Polyline> members(std::size_t interval, std::size_t group) const {
        const auto first = static_cast<std::size_t>(offsets[group]), after = static_cast<std::size_t>(offsets[group + 1]);
        const std::size_t base = interval * vertices * participants;
        std::vector<Polyline> curves(after - first);
        for (std::size_t i = first; i < after; ++i)
            for (std::size_t v = 0; v < vertices; ++v) {
                const std::size_t at = base + v * participants + i;
                append(curves[i - first], {prices[at], powers[at]});
            }
        return curves;
    }
};

// Results of every interval, written as one padded cube (intervals, width, columns).
nb::tuple padded(const std::vector<Polyline> &results, std::size_t intervals) {
    const std::size_t columns = intervals ? results.size() / intervals : 0;
    std::size_t width = 1;
    for (const Polyline &curve : results) width = std::max(width, curve.size());
    auto *prices = new double[intervals * width * columns + 1], *powers = new double[intervals * width * columns + 1];
    for (std::size_t t = 0; t < intervals; ++t)
        for (std::size_t v = 0; v < width; ++v)
            for (std::size_t k = 0; k < columns; ++k) {
                const Polyline &curve = results[t * columns + k];
                const auto &vertex = curve[std::min(v, curve.size() - 1)];
                prices[(t * width + v) * columns + k] = vertex.price;
                powers[(t * width + v) * columns + k] = vertex.power;
            }
    const auto owned = [](double *data) {
        return nb::capsule(data, [](void *pointer) noexcept { delete[] static_cast<double *>(pointer); });
    };
    return nb::make_tuple(OutCube(prices, {intervals, width, columns}, owned(prices)),
                          OutCube(powers, {intervals, width, columns}, owned(powers)));
}

// Do `work(k)` for k < count; each on one thread, so that the result never depends on how many there are.
template <class Work>
void for_each(std::size_t count, bool big, const Work &work) {
    const std::size_t parts = big ? std::min<std::size_t>(count, std::min(8u, std::thread::hardware_concurrency())) : 1;
    const auto some = [&](std::size_t part) {
        for (std::size_t k = part; k < count; k += parts) work(k);
    };
    std::vector<std::thread> threads;
    for (std::size_t part = 1; part < parts; ++part) threads.emplace_back(some, part);
    some(0);
    for (auto &thread : threads) thread.join();
}

Groups groups_of(const Cube &prices, const Cube &powers, const Offsets &offsets) {
    return {prices.data(),   powers.data(),  prices.shape(0),      prices.shape(1),
            prices.shape(2), offsets.data(), offsets.shape(0) - 1};
}

nb::tuple sum_groups(const Cube &prices, const Cube &powers, const Offsets &offsets) {
    const Groups groups = groups_of(prices, powers, offsets);
    std::vector<Polyline> results(groups.intervals * groups.count);
    {
        nb::gil_scoped_release released;
        for_each(results.size(), prices.size() > 20'000, [&](std::size_t k) {
            const auto curves = groups.members(k / groups.count, k % groups.count);
            micromarket::sum(std::span<const Polyline>(curves), results[k]);
        });
    }
    return padded(results, groups.intervals);
}

nb::tuple sum_others(const Cube &prices, const Cube &powers, const Offsets &offsets) {
    const Groups groups = groups_of(prices, powers, offsets);
    std::vector<Polyline> results(groups.intervals * groups.participants);
    {
        nb::gil_scoped_release released;
        for_each(groups.intervals * groups.count, prices.size() > 2'000, [&](std::size_t k) {
            const std::size_t interval = k / groups.count, group = k % groups.count;
            const auto curves = groups.members(interval, group);
            const std::vector<CurveView> views(curves.begin(), curves.end());
            const auto first = static_cast<std::size_t>(groups.offsets[group]);
            Polyline *out = results.data() + interval * groups.participants + first;
            micromarket::sum_without_each(views, std::span<Polyline>(out, views.size()));
        });
    }
    return padded(results, groups.intervals);
}

}  // namespace

void bind_curves(nb::module_ &module) {
    module.def("sum_groups", &sum_groups);
    module.def("sum_others", &sum_others);
}
