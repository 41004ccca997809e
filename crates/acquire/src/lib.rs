#![doc = include_str!("../README.md")]

mod acquirer;
mod bring;
mod build;
mod class;
mod dependencies;
mod directory;
mod error;
mod index;
mod indexes;
mod limits;
mod look;
mod make;
mod pipe;
mod pull;
mod push;
mod recipe;
mod repositories;
mod repository;
mod request;
mod scratch;
mod search;
mod signatures;
mod tree;
mod trust;
mod trust_root;
mod verification;

pub use portolan_chart::{
    Chart, ChartMetadata, ChartName, Dependency, IndexReport, Maintainer, ParseChartNameError,
};
pub use portolan_resolve::{Considered, Explanation, Hint, Rejection, Verdict};

pub use crate::acquirer::Acquirer;
pub use crate::bring::{Acquired, IndexDigest, Mismatch};
pub use crate::build::{BuildError, OpenError, OpenedSource, SourceRequest};
pub use crate::class::Class;
pub use crate::dependencies::{BuildDependenciesError, FetchStage, Taken};
pub use crate::directory::{
    Brought, DependencyState, DependencyStatus, DirectoryError, Listing, PackageOptions, Packaged,
    Step, Surplus,
};
pub use crate::error::{AcquireError, IndexError, LookError, PullError, PushError, StoreError};
pub use crate::index::{HeldIndex, Refreshed, StoredAnew};
pub use crate::limits::Limits;
pub use crate::look::Look;
pub use crate::make::MakeError;
pub use crate::pull::{Progress, Pulled};
pub use crate::push::Pushed;
pub use crate::recipe::Recipe;
pub use crate::repositories::{AnonymousRepositories, ReachError, Reaching, Repositories};
pub use crate::repository::{ChartRepository, Registry, Repository};
pub use crate::request::{Request, StoredIndex};
pub use crate::search::{Found, Search};
pub use crate::tree::{Source, SourceError};
pub use crate::trust::Trust;
pub use crate::trust_root::TrustRoots;
#[cfg(feature = "tuf")]
pub use crate::trust_root::{RefreshError, TufRepository};
pub use crate::verification::{Judged, VerificationError};
