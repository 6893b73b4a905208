"""The open sources of poses that scripts/prepare_poses.py reads, each from the files as they are published."""
