"""Which kernels are in use: the compiled extension, or the plain twins where none could be built."""

from types import ModuleType

native: ModuleType | None
try:
    from micromarket.kernels import _native as native  # type: ignore[attr-defined,no-redef,unused-ignore]
except ImportError:  # no compiler was found at installation
    native = None

NAME = "compiled" if native is not None else "plain"
