//! Charts, changed.

mod field;

use portolan_reference::Version;

use crate::contents::metadata_of;
use crate::metadata::Problem;
use crate::yaml::check_values;
use crate::{
    Chart, Lock, ParseLockError, ParseMetadataError, SetVersionError, version_with_metadata,
};

use self::field::with_field;

impl Chart {
    /// What the dependencies were resolved to: `Chart.lock`, or `requirements.lock` for a chart of
    /// `apiVersion: v1` that has one.
    ///
    /// # Errors
    ///
    /// If the lock file is none: see [`Lock::parse`].
    pub fn lock(&self) -> Result<Option<Lock>, ParseLockError> {
        let legacy = self.is_v1().then(|| self.file("requirements.lock"));
        let yaml = legacy.flatten().or_else(|| self.file("Chart.lock"));
        yaml.map(Lock::parse).transpose()
    }

    /// Replace the chart's default values, and say whether these are other bytes than before.
    ///
    /// # Errors
    ///
    /// If the chart has no `values.yaml`, or `yaml` is nothing that Helm takes as values. The chart
    /// is as it was then.
    pub fn set_values(&mut self, yaml: Vec<u8>) -> Result<bool, SetValuesError> {
        check_values(&yaml)
            .map_err(|error| SetValuesError::Invalid(Problem::from(error).into()))?;
        match self.files.get_mut("values.yaml") {
            None => Err(SetValuesError::NoValues),
            Some(values) if *values == yaml => Ok(false),
            Some(values) => {
                *values = yaml;
                Ok(true)
            }
        }
    }

    /// Give the chart's version other build metadata: see [`version_with_metadata`].
    ///
    /// `Chart.yaml` is changed as [`set_version`](Self::set_version) does it.
    ///
    /// # Errors
    ///
    /// If the version cannot have that metadata. The chart is as it was then.
    pub fn set_version_metadata(&mut self, metadata: &str) -> Result<(), SetVersionError> {
        let version = version_with_metadata(&self.metadata.version, metadata)?;
        self.set_version(&version)
    }

    /// Give the chart another version, as `helm package --version` does.
    ///
    /// In `Chart.yaml` the value is replaced where it stands; comments, order and other fields stay.
    /// Where that cannot be done for certain, as in a file with an anchor at the version, it is
    /// written anew with everything in it but comments.
    ///
    /// # Errors
    ///
    /// If `version` is not a semantic version, even as loosely as Helm reads one. The chart is as it
    /// was then.
    pub fn set_version(&mut self, version: &str) -> Result<(), SetVersionError> {
        if Version::loose(version).is_err() {
            return Err(SetVersionError::version(version));
        }
        self.set_field("version", version)
    }

    /// Say that another version of something is installed, as `helm package --app-version` does.
    ///
    /// `Chart.yaml` is changed as [`set_version`](Self::set_version) does it; a line is added if
    /// there was none.
    ///
    /// # Errors
    ///
    /// If `version` has something in it that `Chart.yaml` cannot say, such as what cannot be
    /// printed. The chart is as it was then.
    pub fn set_app_version(&mut self, version: &str) -> Result<(), SetVersionError> {
        self.set_field("appVersion", version)
    }

    fn set_field(&mut self, field: &str, value: &str) -> Result<(), SetVersionError> {
        let cannot = || SetVersionError::chart_yaml(value);
        let yaml = self.file("Chart.yaml").ok_or_else(cannot)?;
        let yaml = with_field(yaml, field, value).ok_or_else(cannot)?;
        let before = self.files.insert("Chart.yaml".to_owned(), yaml);
        match metadata_of(&self.files) {
            Ok(metadata) if says(&metadata, field, value) => self.metadata = metadata,
            _ => {
                self.files
                    .extend(before.map(|yaml| ("Chart.yaml".to_owned(), yaml)));
                return Err(cannot());
            }
        }
        Ok(())
    }

    /// Replace the lock file: `Chart.lock`, or `requirements.lock` for a chart of `apiVersion: v1`.
    pub fn set_lock(&mut self, lock: &Lock) {
        let file = if self.is_v1() {
            "requirements.lock"
        } else {
            "Chart.lock"
        };
        self.files
            .insert(file.to_owned(), lock.to_yaml().into_bytes());
    }

    fn is_v1(&self) -> bool {
        self.metadata.api_version == "v1"
    }
}

fn says(metadata: &crate::ChartMetadata, field: &str, value: &str) -> bool {
    match field {
        "version" => metadata.version == value,
        _ => metadata.app_version.as_deref().unwrap_or_default() == value,
    }
}

/// Why a chart was not given other default values.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetValuesError {
    /// The chart has none that could be replaced.
    #[error("failed to locate values file: values.yaml")]
    NoValues,
    /// The values are none.
    #[error("the values are invalid")]
    Invalid(#[source] ParseMetadataError),
}
