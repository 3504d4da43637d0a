"""Repositories on GitHub, as far as a stack's author needs to know of them."""
