#![doc = include_str!("../README.md")]

mod acquirer;
mod bring;
mod class;
mod error;
mod limits;
mod look;
mod pull;
mod push;
mod request;
mod trust;

pub use portolan_chart::{
    Chart, ChartMetadata, ChartName, Dependency, Maintainer, ParseChartNameError,
};
pub use portolan_resolve::{Considered, Explanation, Hint, Rejection, Verdict};

pub use crate::acquirer::Acquirer;
pub use crate::bring::{Acquired, Mismatch};
pub use crate::class::Class;
pub use crate::error::{AcquireError, LookError, PullError, PushError, StoreError};
pub use crate::limits::Limits;
pub use crate::look::Look;
pub use crate::pull::{Progress, Pulled};
pub use crate::push::Pushed;
pub use crate::request::Request;
pub use crate::trust::Trust;
