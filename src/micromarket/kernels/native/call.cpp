#include "call.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>

#include <memory>

namespace nb = nanobind;
using namespace micromarket::call;

namespace {

using Steps = nb::ndarray<const std::int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

nb::object uncross(Steps prices, Steps powers, std::optional<std::int64_t> reference, std::int64_t most_ticks) {
    const std::size_t count = prices.shape(0);
    const Book book{{prices.data(), count}, {powers.data(), count}};
    Uncrossed found;
    auto awards = std::make_unique_for_overwrite<std::int32_t[]>(count);
    {
        nb::gil_scoped_release released;
        const std::optional<Levels> levels = levels_of(book, most_ticks);
        if (!levels) awards.reset();
        if (levels) {
            found = best(*levels, reference);
            award(book, *levels, found.volume, awards.get());
        }
    }
    if (!awards) return nb::none();
    std::int32_t *memory = awards.release();
    nb::capsule owner(memory, [](void *p) noexcept { delete[] static_cast<std::int32_t *>(p); });
    return nb::make_tuple(found.price, found.low, found.high, found.volume, found.imbalance,
                          nb::ndarray<nb::numpy, std::int32_t>(memory, {count}, owner));
}

}  // namespace

void bind_call(nb::module_ &module) {
    module.def("uncross", &uncross, nb::arg("prices"), nb::arg("powers"), nb::arg("reference").none(),
               nb::arg("most_ticks"));
}
