"""What a pose prior is used for: each task a function from prior and observation to poses (DPoser-X, section 4)."""
