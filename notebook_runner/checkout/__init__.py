"""The checkout that environments and images are made from: its locks, its wheel, and uv."""
