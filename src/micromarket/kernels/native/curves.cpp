#include <nanobind/nanobind.h>

namespace nb = nanobind;

void bind_curves(nb::module_ &) {}
