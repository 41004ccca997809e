//! A registry with many names.

/// The names under which Docker Hub is known. The first is how people write it, the second how the
/// docker CLI does, the third where its API is.
const NAMES: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/// Whether `host` is one of them.
pub(crate) fn is_docker_hub(host: &str) -> bool {
    NAMES.contains(&host)
}
