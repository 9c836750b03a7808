"""Run Registry Desktop: data certification of the CMS experiment."""

import os

# NumPy brings a library of linear algebra, of which nothing here makes use. It starts a thread for
# each processor when it is loaded, and these spin for a while.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
