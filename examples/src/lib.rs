//! Stories: short programs in `examples/`, each of which solves one task from beginning to end.
//!
//! `cargo run --example quickstart` is the one to begin with. `tests/stories.rs` plays them all.
