//! Loopback servers for tests.
