#include "storage.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

namespace nb = nanobind;
using namespace micromarket::storage;

namespace {

using Numbers = nb::ndarray<const double, nb::ndim<2>, nb::device::cpu>;
using Numpy = nb::ndarray<nb::numpy, double>;

// Stores times steps from which a second thread earns its start.
constexpr std::size_t kWorthAThread = 4096;

// Room made for each curve at first.
constexpr std::size_t kUsualVertices = 8;

Grid grid(const Numbers &values) { return {values.data(), values.stride(0), values.stride(1)}; }

Stores make_stores(const std::vector<Numbers> &v, double penalty, double ceiling) {
    return {grid(v[0]), grid(v[1]), grid(v[2]), grid(v[3]), grid(v[4]), grid(v[5]), grid(v[6]),
            grid(v[7]), grid(v[8]), grid(v[9]), grid(v[10]), grid(v[11]), grid(v[12]), grid(v[13]), grid(v[14]),
            v[3].shape(0), v[3].shape(1), penalty, ceiling};
}

// An array that frees itself when Python lets go of it; its size stands in front of the numbers.
double *owned(std::size_t size, nb::capsule &owner) {
    const std::size_t bytes = (size + 8) * sizeof(double);
    void *memory = micromarket::allocate_large(bytes);
    *static_cast<std::size_t *>(memory) = bytes;
    owner = nb::capsule(memory, [](void *p) noexcept { micromarket::free_large(p, *static_cast<std::size_t *>(p)); });
    return static_cast<double *>(memory) + 8;
}

// Split a count between two threads, each of which gets a contiguous part.
template <class Work> void in_parts(const Stores &stores, std::size_t count, const Work &work) {
    const std::size_t half = stores.count * stores.horizon < kWorthAThread ? count : count / 2;
    std::thread second;
    if (half < count) second = std::thread([&] { work(std::size_t{1}, half, count); });
    work(std::size_t{0}, std::size_t{0}, half);
    if (second.joinable()) second.join();
}

nb::tuple plan(const std::vector<Numbers> &arrays, Numbers prices, double penalty, double ceiling) {
    const Stores stores = make_stores(arrays, penalty, ceiling);
    const Grid given = grid(prices);
    const std::size_t n = stores.count, h = stores.horizon;
    nb::capsule own_powers, own_states;
    double *powers = owned(n * h, own_powers), *states = owned(n * (h + 1), own_states);
    {
        nb::gil_scoped_release released;
        in_parts(stores, n, [&](std::size_t, std::size_t from, std::size_t to) {
            Planner planner(stores);
            for (std::size_t i = from; i < to; ++i) planner.plan(i, given, powers + i * h, states + i * (h + 1));
        });
    }
    return nb::make_tuple(Numpy(powers, {n, h}, own_powers), Numpy(states, {n, h + 1}, own_states));
}

// The curves of one part of the stores, one after another.
struct Written {
    std::size_t first = 0;
    Vertices vertices;
    std::vector<std::size_t> ends;
};

std::size_t widest(const Written &written) {
    std::size_t begin = 0, width = 1;
    for (const std::size_t end : written.ends) width = std::max(width, end - begin), begin = end;
    return width;
}

// Columns of shape (T, V, n): what clearing reads without copying. The last vertex is repeated. Written in the order of
// the columns, interval by interval, so that what is read stays in the cache.
void pad(const Written &written, const Stores &stores, std::size_t from, std::size_t to, std::size_t tendered,
         std::size_t width, double *prices, double *powers) {
    const std::size_t count = written.ends.size() / std::max(tendered, std::size_t{1});
    for (std::size_t t = from; t < to; ++t)
        for (std::size_t v = 0; v < width; ++v) {
            const std::size_t at = (t * width + v) * stores.count + written.first;
            for (std::size_t i = 0; i < count; ++i) {
                const std::size_t k = i * tendered + t, begin = k == 0 ? 0 : written.ends[k - 1];
                const Vertex &vertex = written.vertices[std::min(begin + v, written.ends[k] - 1)];
                prices[at + i] = vertex.price, powers[at + i] = vertex.power;
            }
        }
}

nb::tuple curves(const std::vector<Numbers> &arrays, Numbers given_prices, std::size_t tendered, double penalty,
                 double ceiling) {
    const Stores stores = make_stores(arrays, penalty, ceiling);
    const Grid given = grid(given_prices);
    const std::size_t n = stores.count;
    Written parts[2];
    std::size_t width = 1;
    {
        nb::gil_scoped_release released;
        in_parts(stores, n, [&](std::size_t part, std::size_t from, std::size_t to) {
            Planner planner(stores);
            Written &written = parts[part];
            written.first = from;
            written.ends.reserve((to - from) * tendered);
            written.vertices.reserve(kUsualVertices * (to - from) * tendered);
            for (std::size_t i = from; i < to; ++i)
                planner.curves(i, given, tendered, written.vertices, written.ends);
        });
        width = std::max(widest(parts[0]), widest(parts[1]));
    }
    nb::capsule own_prices, own_powers;
    double *prices = owned(n * tendered * width, own_prices), *powers = owned(n * tendered * width, own_powers);
    {
        nb::gil_scoped_release released;
        in_parts(stores, tendered, [&](std::size_t, std::size_t from, std::size_t to) {
            for (const Written &written : parts) pad(written, stores, from, to, tendered, width, prices, powers);
        });
    }
    return nb::make_tuple(Numpy(prices, {tendered, width, n}, own_prices),
                          Numpy(powers, {tendered, width, n}, own_powers));
}

}  // namespace

void bind_storage(nb::module_ &module) {
    module.def("storage_plan", &plan);
    module.def("storage_curves", &curves);
}
