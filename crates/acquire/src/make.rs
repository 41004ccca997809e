//! Make something else of a chart: other values, another version.

use std::io;

use portolan_chart::{
    Chart, Limits, MergeValuesError, SetValuesError, SetVersionError, merge_values,
};

use crate::{Recipe, SourceError};

/// A chart's own values, as a values file.
const OWN_VALUES: &str = "values.yaml";

/// Where values files are found.
pub(crate) trait ValuesFiles {
    /// The content of the file that `name` names. `None` if it is not there.
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, MakeError>;

    /// That the file `name` names is not there.
    fn missing(&self, name: &str) -> MakeError;
}

/// The files of a chart itself.
#[derive(Debug)]
pub(crate) struct InChart<'a>(pub(crate) &'a Chart, pub(crate) &'a Limits);

impl ValuesFiles for InChart<'_> {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, MakeError> {
        let path = clean(name);
        if path == OWN_VALUES {
            let own = self.0.default_values(self.1)?.unwrap_or_default();
            return Ok(Some(own.into_owned()));
        }
        let plain = !(path.starts_with("templates/")
            || path.starts_with("charts/")
            || matches!(
                path.as_str(),
                "Chart.yaml"
                    | "Chart.lock"
                    | "requirements.yaml"
                    | "requirements.lock"
                    | "values.schema.json"
            ));
        Ok(self.0.file(&path).filter(|_| plain).map(<[u8]>::to_vec))
    }

    fn missing(&self, name: &str) -> MakeError {
        MakeError::NoValuesFile {
            path: name.to_owned(),
            reference: None,
        }
    }
}

/// What values files did to a chart.
#[derive(Debug, Default)]
pub(crate) struct ValuesMade {
    /// The files that made a difference: as with Flux, none if together they say what the chart says
    /// anyway, byte for byte.
    pub(crate) files: Vec<String>,
    /// Whether the chart lost its own values because none of the files is there.
    pub(crate) emptied: bool,
}

/// Do to `chart` what `recipe` says.
pub(crate) fn make(
    chart: &mut Chart,
    recipe: &Recipe,
    files: impl FnOnce(&Chart) -> Result<Merged, MakeError>,
) -> Result<ValuesMade, MakeError> {
    let mut made = ValuesMade::default();
    if !recipe.values_files.is_empty() {
        let merged = files(chart)?;
        if chart.set_values(merged.yaml)? {
            made.emptied = merged.used.is_empty();
            made.files = merged.used;
        }
    }
    if let Some(metadata) = &recipe.metadata {
        chart.set_version_metadata(metadata)?;
    }
    Ok(made)
}

/// Values files made one.
#[derive(Debug)]
pub(crate) struct Merged {
    yaml: Vec<u8>,
    used: Vec<String>,
}

/// Merge the values files that `recipe` names.
pub(crate) fn merge(
    recipe: &Recipe,
    files: &impl ValuesFiles,
    limits: &Limits,
) -> Result<Merged, MakeError> {
    let mut used = Vec::new();
    let mut documents = Vec::new();
    for name in &recipe.values_files {
        match files.read(name)? {
            Some(document) => {
                used.push(name.clone());
                documents.push((name.as_str(), document));
            }
            None if recipe.ignore_missing => {}
            None => return Err(files.missing(name)),
        }
    }
    let documents = documents
        .iter()
        .map(|(name, document)| (*name, document.as_slice()));
    let yaml = merge_values(documents, limits)?;
    Ok(Merged { yaml, used })
}

/// The path without `.` and `..` as far as they can be resolved in it, as Go's `path.Clean` has it.
pub(crate) fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&last) if last != ".." => {
                    parts.pop();
                }
                _ if path.starts_with('/') => {}
                _ => parts.push(part),
            },
            part => parts.push(part),
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

/// Why nothing could be made of a chart.
///
/// Exhaustive on purpose: whoever reports these to somebody decides about each.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// A values file is not there.
    #[error("no values file found at path '{path}'{}", reference.as_ref().map(|text| format!(" (reference '{text}')")).unwrap_or_default())]
    NoValuesFile {
        /// Where it was looked for.
        path: String,
        /// What was asked for, where that is something else.
        reference: Option<String>,
    },
    /// A values file could not be read from disk.
    #[error("cannot read values file '{name}'")]
    ReadValues {
        /// The file.
        name: String,
        /// Why.
        source: Box<SourceError>,
    },
    /// The values files cannot be merged.
    #[error(transparent)]
    Merge(#[from] MergeValuesError),
    /// The merged values have no place to go.
    #[error(transparent)]
    Values(#[from] SetValuesError),
    /// The version cannot be changed as asked.
    #[error(transparent)]
    Version(#[from] SetVersionError),
    /// The archive could not be written.
    #[error("the chart could not be packaged")]
    Package(#[source] io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_go_does() {
        #[track_caller]
        fn check(path: &str, expected: &str) {
            assert_eq!(clean(path), expected);
        }
        check("values.yaml", "values.yaml");
        check("./values.yaml", "values.yaml");
        check("a//b/../c.yaml", "a/c.yaml");
        check("../../etc/passwd", "../../etc/passwd");
        check("a/../../b", "../b");
        check("/a/../../b", "/b");
    }
}
