#include <nanobind/nanobind.h>

namespace nb = nanobind;

void bind_storage(nb::module_ &) {}
