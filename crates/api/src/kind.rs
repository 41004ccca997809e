//! What the kinds of this crate have in common.

use std::sync::LazyLock;

use kube::{CustomResourceExt, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::crds::definition;
use crate::schema::Schema;
use crate::{HelmChart, HelmRepository};

/// A kind of resource whose schema this crate holds: [`HelmChart`] and [`HelmRepository`].
pub trait Kind:
    Resource<DynamicType = ()> + CustomResourceExt + Serialize + DeserializeOwned + Described
{
}

/// Keeps [`Kind`] to this crate.
pub trait Described {
    /// The schema of the kind.
    fn schema() -> &'static Schema;
}

macro_rules! describe {
    ($($kind:ident),+ $(,)?) => {$(
        impl Kind for $kind {}

        impl Described for $kind {
            fn schema() -> &'static Schema {
                static SCHEMA: LazyLock<Schema> =
                    LazyLock::new(|| Schema::of_definition(&definition::<$kind>()));
                &SCHEMA
            }
        }
    )+};
}

describe!(HelmChart, HelmRepository);
