"""Scipy's sparse matrices without their types: scipy's hints lose the matrix in sums and products."""

from __future__ import annotations

from typing import Any

import scipy.sparse
import scipy.sparse.linalg

Sparse = Any
"""A matrix in compressed rows."""
sp: Any = scipy.sparse
spsolve: Any = scipy.sparse.linalg.spsolve
