import sys
from pathlib import Path

import numpy as np
import pytest

from micromarket.kernels.backend import native
from micromarket.kernels.nested import clear_nested, clear_nested_plain
from micromarket.node.coordination import problem_of

sys.path.insert(0, str(Path(__file__).parents[1] / "node"))
from trees import random_market  # noqa: E402
