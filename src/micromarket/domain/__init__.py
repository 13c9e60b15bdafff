"""Ground floor: values such as intervals, units, products, curves and orders."""
