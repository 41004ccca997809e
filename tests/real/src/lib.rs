//! The suite over real parts.
