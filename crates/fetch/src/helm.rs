//! What makes an artifact a Helm chart.

use portolan_chart::{CONFIG_MEDIA_TYPE, CONTENT_MEDIA_TYPE, LEGACY_CONTENT_MEDIA_TYPE};

use crate::{Descriptor, Manifest};

/// What stops an artifact from being a Helm chart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChartFlaw {
    /// Its config is not Helm's, so it is some other kind of artifact.
    #[error("its config is `{}`, not `{CONFIG_MEDIA_TYPE}`", found.escape_debug())]
    Config {
        /// The config's media type.
        found: String,
    },
    /// It has no layer at all.
    #[error("it has no layers")]
    Empty,
    /// None of its layers is a chart archive.
    #[error("none of its {layers} layers is `{CONTENT_MEDIA_TYPE}`")]
    NoContent {
        /// How many layers it has.
        layers: usize,
    },
    /// More than one layer is a chart archive, and which one is meant is anybody's guess.
    #[error("{found} of its layers are chart archives")]
    SeveralContents {
        /// How many are.
        found: usize,
    },
}

/// The layer that is the chart archive, wherever it stands among the layers.
///
/// The media types are [Helm's](https://helm.sh/docs/topics/registries/#helm-chart-manifest). The
/// provenance layer and layers of unknown types are passed over.
///
/// # Deviation
///
/// Helm takes the last chart layer where there are several. Here that is an error: Flux's
/// `OCIRepository` takes the first, and the same digest must not mean two charts.
pub(crate) fn content(manifest: &Manifest) -> Result<&Descriptor, ChartFlaw> {
    if manifest.config().media_type() != CONFIG_MEDIA_TYPE {
        let found = manifest.config().media_type().chars().take(100).collect();
        return Err(ChartFlaw::Config { found });
    }
    let mut contents = manifest.layers().iter().filter(|layer| {
        matches!(
            layer.media_type(),
            CONTENT_MEDIA_TYPE | LEGACY_CONTENT_MEDIA_TYPE
        )
    });
    match (contents.next(), contents.count(), manifest.layers().len()) {
        (Some(content), 0, _) => Ok(content),
        (Some(_), more, _) => Err(ChartFlaw::SeveralContents { found: more + 1 }),
        (None, _, 0) => Err(ChartFlaw::Empty),
        (None, _, layers) => Err(ChartFlaw::NoContent { layers }),
    }
}
