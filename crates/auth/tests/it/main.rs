//! The public interface, from outside.

mod docker_config;
