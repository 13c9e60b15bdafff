// The extension module: each kernel binds its own functions in its own file.
#include <nanobind/nanobind.h>

namespace nb = nanobind;

void bind_call(nb::module_ &module);
void bind_clearing(nb::module_ &module);
void bind_consensus(nb::module_ &module);
void bind_curve_matching(nb::module_ &module);
void bind_curves(nb::module_ &module);
void bind_matching(nb::module_ &module);
void bind_nested(nb::module_ &module);
void bind_storage(nb::module_ &module);

NB_MODULE(_native, module) {
    module.doc() = "Compiled inner loops; each has a plain twin in micromarket.kernels.";
    bind_call(module);
    bind_clearing(module);
    bind_consensus(module);
    bind_curve_matching(module);
    bind_curves(module);
    bind_matching(module);
    bind_nested(module);
    bind_storage(module);
}
