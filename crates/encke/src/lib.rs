//! Encke for embedders: the paved path re-exported.
