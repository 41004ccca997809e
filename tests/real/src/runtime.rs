//! The runtime under the blocking surface.

use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime")
});

/// The one runtime of this process: clients and small servers of the suite live in it.
pub(crate) fn runtime() -> &'static Runtime {
    &RUNTIME
}
