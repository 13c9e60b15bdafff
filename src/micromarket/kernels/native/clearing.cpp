#include <nanobind/nanobind.h>

namespace nb = nanobind;

void bind_clearing(nb::module_ &) {}
