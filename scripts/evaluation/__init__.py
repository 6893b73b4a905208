"""The tables of DPoser-X's paper, measured with open priors on this project's body: one module per table."""
