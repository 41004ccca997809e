//! The index of a repository.

use std::time::Duration;

use portolan_acquire::IndexError;
use portolan_api::{message, reason};

use super::Failure;
use crate::chain::chain;

impl Failure {
    /// The index was not brought up to date. `url` is where it would have come from, without secrets.
    pub(crate) fn refreshing(error: &IndexError, url: &str) -> Self {
        let fetching = |reason| {
            let text = format!("{}{}", message::INDEX_FETCH_FAILED, chain(error));
            Self::fetch(reason, &text).not_before(error.retry_after())
        };
        let unreadable = || {
            let text = format!("{}{}", message::index_unreadable(url), chain(error));
            Self::fetch(reason::INDEXATION_FAILED, &text)
        };
        match error {
            IndexError::Fetch(_) if error.is_denied() => fetching(reason::AUTHENTICATION_FAILED),
            IndexError::Fetch(_) | IndexError::NothingToKeep | IndexError::Interrupted(_) => {
                fetching(reason::FAILED)
            }
            IndexError::Read(_) | IndexError::Convert(_) => unreadable(),
            IndexError::Missing { .. }
            | IndexError::Corrupt { .. }
            | IndexError::Open(_)
            | IndexError::Unreadable(_) => Self::storage(reason::READ_OPERATION_FAILED, error),
            IndexError::Store(source) => Self::storing(source, None),
        }
    }

    /// The index did not come in the time that the object allows.
    pub(crate) fn refresh_timed_out(limit: Duration) -> Self {
        Self::fetch(
            reason::FAILED,
            &format!(
                "{}timed out after {limit:?}; spec.timeout allows more",
                message::INDEX_FETCH_FAILED
            ),
        )
    }
}
