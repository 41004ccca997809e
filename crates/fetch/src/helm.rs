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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use portolan_chart::PROVENANCE_MEDIA_TYPE;
    use portolan_reference::{Algorithm, Digest};

    use super::*;
    use crate::manifest::{Document, read};

    /// A manifest with this config and these layers, whose sizes are their positions.
    fn manifest(config: &str, layers: &[&str]) -> Manifest {
        let digest = Digest::of(Algorithm::Sha256, b"");
        let descriptor = |(size, media_type): (usize, &&str)| {
            format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}}}"#)
        };
        let config = descriptor((0, &config));
        let layers: Vec<String> = layers.iter().enumerate().map(descriptor).collect();
        let layers = layers.join(",");
        let document = format!(r#"{{"schemaVersion":2,"config":{config},"layers":[{layers}]}}"#);
        match read(Bytes::from(document), None, digest.clone()).unwrap() {
            Document::Image(manifest) => *manifest,
            Document::Index(_) => panic!("an index"),
        }
    }

    #[track_caller]
    fn check(layers: &[&str], position: u64) {
        let manifest = manifest(CONFIG_MEDIA_TYPE, layers);
        assert_eq!(content(&manifest).unwrap().size(), position);
    }

    #[track_caller]
    fn check_flaw(config: &str, layers: &[&str], expected: &ChartFlaw) {
        assert_eq!(&content(&manifest(config, layers)).unwrap_err(), expected);
    }

    #[test]
    fn the_chart_is_found_wherever_it_stands() {
        check(&[CONTENT_MEDIA_TYPE], 0);
        check(&[LEGACY_CONTENT_MEDIA_TYPE], 0);
        check(&[CONTENT_MEDIA_TYPE, PROVENANCE_MEDIA_TYPE], 0);
        check(&[PROVENANCE_MEDIA_TYPE, CONTENT_MEDIA_TYPE], 1);
        check(
            &[
                "application/x",
                PROVENANCE_MEDIA_TYPE,
                LEGACY_CONTENT_MEDIA_TYPE,
            ],
            2,
        );
    }

    #[test]
    fn an_artifact_with_another_config_is_no_chart() {
        for config in [
            "application/vnd.oci.image.config.v1+json",
            "application/vnd.cncf.flux.config.v1+json",
            "",
        ] {
            let flaw = ChartFlaw::Config {
                found: config.to_owned(),
            };
            check_flaw(config, &[CONTENT_MEDIA_TYPE], &flaw);
        }
    }

    #[test]
    fn an_artifact_without_a_chart_layer_is_no_chart() {
        check_flaw(CONFIG_MEDIA_TYPE, &[], &ChartFlaw::Empty);
        let provenance_only = ChartFlaw::NoContent { layers: 1 };
        check_flaw(
            CONFIG_MEDIA_TYPE,
            &[PROVENANCE_MEDIA_TYPE],
            &provenance_only,
        );
    }

    #[test]
    fn two_charts_in_one_artifact_are_none() {
        let two = ChartFlaw::SeveralContents { found: 2 };
        check_flaw(
            CONFIG_MEDIA_TYPE,
            &[CONTENT_MEDIA_TYPE, CONTENT_MEDIA_TYPE],
            &two,
        );
        check_flaw(
            CONFIG_MEDIA_TYPE,
            &[LEGACY_CONTENT_MEDIA_TYPE, "x", CONTENT_MEDIA_TYPE],
            &two,
        );
    }
}
