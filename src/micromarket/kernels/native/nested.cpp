#include <nanobind/nanobind.h>

namespace nb = nanobind;

void bind_nested(nb::module_ &) {}
